"""Detections: read from any dialect, matched to pictures, and written as MegaDetector batch JSON."""
