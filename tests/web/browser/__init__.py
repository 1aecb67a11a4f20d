"""The pages in a browser, Debian's chromium: what a reader sees, hears and types."""
