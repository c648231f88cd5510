"""A local stack: real Prometheus, Pushgateway, Alertmanager and node_exporter with a sample month, by `make stack`."""
