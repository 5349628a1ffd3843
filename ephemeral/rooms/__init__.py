"""Anonymous rooms."""
