"""A program behind an OpenAI-compatible endpoint, as if it were a model."""
