"""Command line: one file per command under commands/."""
