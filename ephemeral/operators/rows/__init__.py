"""Rows of operators: one statement each."""
