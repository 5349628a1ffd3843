"""Accounts and devices, pure: what server, command line and browser agree on. docs/accounts.md."""
