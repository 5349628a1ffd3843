"""The use cases of rooms: transactions, batches, clocks, and what is told after a commit."""
