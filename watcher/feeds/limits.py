"""The most that one feed can make watcher hold. Lengths in characters."""

MAX_ENTRIES = 20_000
MAX_ID = 2_048
MAX_TITLE = 1_000
MAX_NAME = 300
MAX_SUMMARY = 100_000
MAX_CONTENT = 1_000_000
