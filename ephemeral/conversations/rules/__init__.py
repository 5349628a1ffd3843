"""Rules of conversations on the server."""
