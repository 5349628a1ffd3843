"""What survives a restart: PostgreSQL, and the small files of the keyring."""
