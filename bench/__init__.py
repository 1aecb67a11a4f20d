"""Measurements of the real program against the plainest program that does the same, in the same run."""
