"""Rules of files on the server."""
