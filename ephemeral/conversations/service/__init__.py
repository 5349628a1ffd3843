"""What is done with conversations: transactions, and what is told after them."""
