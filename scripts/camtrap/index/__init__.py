"""A row per picture: hash, size, time and place."""
