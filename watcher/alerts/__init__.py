"""Alerts: what a channel is told, one small module per channel, and what its answer means. Pure; nothing is sent here.

    matches ─ compose ─▶ Alert ─ layout ─▶ lines ─ slack · matrix · matrix_webhook · console ─▶ body
                           └──────────────────────────── webhook (JSON) ─────────────────────▶ body
    body + Target ─ request ─▶ Outgoing          answer ─ judge ─▶ Verdict          attempts ─ backoff ─▶ wait

`channels.CHANNELS` is the way in: every channel type by its name in the config.
"""
