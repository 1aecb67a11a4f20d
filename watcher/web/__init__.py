"""The pages that the daemon serves over HTTP. No logic of its own, no SQL.

metrics.py: metrics in Prometheus' format · server.py: an HTTP server for a few small pages
"""
