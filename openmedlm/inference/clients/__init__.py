"""Clients that send one request to an endpoint."""
