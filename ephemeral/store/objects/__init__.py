"""Where encrypted objects lie beside the database: a directory of this host's, or S3."""
