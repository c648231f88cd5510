"""`lumen report`: what happened in a period, made and sent."""
