"""Limits of the memory that one feed can use. Lengths in characters, MAX_INFLATED in bytes."""

MAX_ENTRIES = 20_000
MAX_ID = 2_048
MAX_TITLE = 1_000
MAX_NAME = 300
MAX_SUMMARY = 100_000
MAX_CONTENT = 1_000_000
MAX_INFLATED = 64 * 1024 * 1024
