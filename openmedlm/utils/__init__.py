"""Utilities that every layer may use."""
