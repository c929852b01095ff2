"""Exports: the results in the formats of the tools around us."""
