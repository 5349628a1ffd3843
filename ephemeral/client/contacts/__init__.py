"""Contacts at the command line: who may be talked to, by requests and by invitations."""
