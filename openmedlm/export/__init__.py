"""Formats of other systems for frozen programs."""
