"""Console output and progress on stderr."""
