"""What is known of a picture beside its pixels: EXIF, maker notes, stations, path patterns, clocks."""
