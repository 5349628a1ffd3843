"""What is true of accounts: pure, without clock, randomness or storage."""
