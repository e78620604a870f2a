"""Experiment trackers that results are written to."""
