"""A report as a self-contained page, and an index of reports."""
