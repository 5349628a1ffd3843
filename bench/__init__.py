"""The project's own benchmark: this server against a bare relay that stores nothing."""
