"""Rows of conversations: one statement each."""
