"""The database itself: opening, migrating, locking, backing up and recovering it, and running transactions on it."""
