"""What clients may ask about files."""
