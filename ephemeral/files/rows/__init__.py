"""Rows of files: one statement each."""
