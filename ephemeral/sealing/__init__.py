"""The second layer of encryption: epoch keys, their files, and payloads sealed under them."""
