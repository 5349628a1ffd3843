"""What survives a restart: rows and files."""
