"""What the server does with conversations."""
