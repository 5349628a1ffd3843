"""Everything that knows HTTP or WebSocket."""
