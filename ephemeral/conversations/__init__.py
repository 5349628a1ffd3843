"""Lasting conversations between accounts' devices: delivery of what only they can read."""
