"""Alerts: builds the request for each type of channel, and interprets its response. Pure; nothing is sent here.

    matches ─ compose ─▶ Alert ─ layout ─▶ lines ─ slack · matrix · matrix_webhook · console ─▶ body
                           └──────────────────────────── webhook (JSON) ─────────────────────▶ body
    body + Target ─ request ─▶ Outgoing          response ─ judge ─▶ Verdict          attempts ─ backoff ─▶ wait

`channels.CHANNELS` maps the names of channel types in the config to their modules.
"""
