"""Accounts: sign-in, sessions, devices. Rooms know nothing of them."""
