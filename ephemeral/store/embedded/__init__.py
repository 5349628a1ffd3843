"""A PostgreSQL of the program's own."""
