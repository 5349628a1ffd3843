"""Files of account holders at the command line: docs/files.md."""
