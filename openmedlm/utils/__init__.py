"""Utilities that every layer imports: errors, paths, locks, atomic writes, URLs, secrets."""
