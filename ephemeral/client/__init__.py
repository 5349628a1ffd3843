"""The command-line client. Of the rest of the program it knows the protocol alone."""
