"""What watcher shows over HTTP, on loopback unless the operator wants it otherwise. No logic of its own, no SQL.

metrics.py (the numbers, for Prometheus) · server.py (a server for a few small pages)
"""
