"""The pages that the daemon serves over HTTP. No logic of its own, no SQL.

listening.py, protocol.py: uvicorn on the daemon's event loop · gate.py, access.py, hosts.py, headers.py: who may ask
what · site.py: paths, forms, languages · lanes.py: threads for questions · pages/: one module for each page · asked.py,
parameters.py, problem.py: questions and answers · rendering.py, catalogue.py, german/, templates/, static/: HTML ·
results.py: results of forms · live.py: news of new documents · sparkline.py, watch_lines.py, watch_feed_links.py

metrics.py: metrics in Prometheus' format
"""
