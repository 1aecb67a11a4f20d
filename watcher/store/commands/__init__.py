"""Functions that change the state: each takes an open transaction first, and runs inside it as a whole."""
