"""The bank: SQLite is the truth, one thread writes it, everything else reads."""
