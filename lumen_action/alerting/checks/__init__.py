"""What is wrong with the files of Prometheus, Alertmanager and Grafana, and what their own checkers let pass."""
