"""Options that commands share, as dataclasses."""
