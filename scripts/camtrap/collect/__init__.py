"""Bring the shards together."""
