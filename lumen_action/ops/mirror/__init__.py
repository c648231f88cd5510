"""Incidents as issues of a GitHub repository, both ways by labels."""
