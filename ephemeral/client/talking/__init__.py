"""Conversations of accounts at the command line: `chat`, `say`, `inbox` (docs/cli.md)."""
