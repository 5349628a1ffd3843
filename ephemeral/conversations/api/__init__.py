"""What is asked of conversations, decoded, and answered."""
