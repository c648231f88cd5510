"""Counting: pure functions from facts to state."""
