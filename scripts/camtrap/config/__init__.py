"""The configuration: read, completed, checked, and written down for people."""
