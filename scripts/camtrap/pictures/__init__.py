"""Pixels: pictures, frames of videos, and stored crops."""
