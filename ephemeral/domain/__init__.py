"""Rules of the server that need no clock, no randomness and no store of their own."""
