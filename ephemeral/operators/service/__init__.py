"""What operators do, each in a transaction."""
