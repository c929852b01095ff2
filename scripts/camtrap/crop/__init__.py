"""Cut the animals out, square and without distortion."""
