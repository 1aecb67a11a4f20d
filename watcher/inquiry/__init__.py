"""Read-only answers that the command line and the web pages share. Nothing here writes to the state or the corpus."""
