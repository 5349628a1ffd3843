"""The use cases of accounts: transactions, keys, and what is told after a commit."""
