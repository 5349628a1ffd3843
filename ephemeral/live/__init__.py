"""What dies with the process: listeners and hints."""
