"""A fleet as its monitoring sees it: Prometheus, the Alertmanager, an operator's hands."""
