"""Alerts for pipelines of any frequency."""
