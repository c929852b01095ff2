"""Go through a whole survey: what is missing, damaged, left over, or does not add up."""
