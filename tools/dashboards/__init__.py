"""The Grafana dashboards, built with Grafana's own types and written to rules/grafana."""
