"""The page: its files, its languages, and its answers."""
