"""OpenAI-compatible server for a program."""
