"""What dies with the process: hints on their way, and counts."""
