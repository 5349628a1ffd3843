"""Anonymous, ephemeral, end-to-end encrypted rooms."""

__version__ = "0.1.0"
