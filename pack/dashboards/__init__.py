"""Grafana's dashboards and the rules that they need, from what ipsec-metrics prints.

``python3 -m pack.dashboards`` writes them into the checkout; a test holds them equal.
"""
