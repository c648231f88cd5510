"""Objectives: what can be measured, and what has been shown."""
