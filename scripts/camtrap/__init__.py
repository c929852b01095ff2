"""camtrap: from a heap of camera-trap pictures to groups that an expert can name."""

__version__ = "0.1.0"
