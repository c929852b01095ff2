"""What camera makers write beyond EXIF."""
