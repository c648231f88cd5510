"""`lumen slo`: what the objectives came to."""
