"""Runbooks as data: what they say, what is wrong with them, where a run of one stands; pure, without a clock."""
