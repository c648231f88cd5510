"""Grafana: its dashboards as they stood in a period."""
