"""Describe crops by a deep network."""
