"""Accounts at the command line: `ephemeral account ...` (docs/cli.md)."""
