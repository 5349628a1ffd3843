"""Conversations, pure: what server, command line and browser agree on. docs/conversations.md."""
