"""Conversations: sealed epochs, one log, and what waits in it. See docs/conversations.md."""
