"""A report as PDF: the only place that knows reportlab."""
