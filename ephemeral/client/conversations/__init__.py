"""Conversations on a device of the command line: what is kept, read, sent, and begun anew."""
