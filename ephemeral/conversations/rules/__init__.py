"""What is decided of conversations, purely."""
