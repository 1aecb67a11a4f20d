"""Read-only functions: each takes an open transaction first and returns values. Nothing is changed here."""
