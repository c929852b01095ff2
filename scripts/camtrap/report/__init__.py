"""The report: one self-contained page for the ecologist, and the same figures as JSON."""

from camtrap.report.build import build

__all__ = ["build"]
