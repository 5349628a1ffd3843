"""The protocol, pure: what server, command line and browser must agree on. See docs/protocol.md."""
