"""Operators: who runs a deployment signs in, and sees how it stands."""
