"""What the server does with files."""
