"""Checks of what a pipeline needs, as data: what they say and what their results mean; pure, without a clock."""
