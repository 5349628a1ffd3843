"""One method per use case; each owns its transaction."""
