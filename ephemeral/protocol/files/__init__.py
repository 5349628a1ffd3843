"""Files of account holders as they lie in a store, and as messages name them: docs/files.md."""
