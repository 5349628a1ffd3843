"""What clients may ask about conversations."""
