"""Runs runbooks: each step a fact, so that another job goes on where this one had to stop."""
