"""The three steps of the mission: `poll`, `ingest`, `deliver`. Sequence only: no policy, no SQL, no HTTP, no parsing.

Each step is keyed by an id, safe to run twice, and ends in one transaction; who calls it does not matter to it.
"""
