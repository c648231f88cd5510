"""Looks at what a pipeline needs, one module a kind of check."""
