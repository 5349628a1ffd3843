"""What is served at `/admin/`: documents with forms, and nothing else."""
