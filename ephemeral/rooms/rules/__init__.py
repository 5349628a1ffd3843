"""What is true of rooms: pure, without clock, randomness or storage."""
