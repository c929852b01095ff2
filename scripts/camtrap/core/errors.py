"""What a user can cause and put right: one hierarchy. Its message is one line: which file, what is wrong, what to do.

A job's log shows such an error as that line alone (:func:`camtrap.core.logs.job`); any other error is a fault of ours and
keeps its traceback.
"""

import os


class UserError(Exception):
    """Something the user can put right; the message is one line for each mistake."""


class ConfigError(UserError):
    """A mistake in the configuration."""


class PlanError(UserError):
    """Planning cannot go on: pictures are missing, or have changed."""


class TableError(UserError):
    """A table that the user wrote cannot be used."""


class DetectionFileError(UserError):
    """A file of detections that somebody already has cannot be used."""


class DamageError(UserError):
    """A result file is not as it was written."""

    @classmethod
    def of(cls, path: str | os.PathLike, why: str) -> "DamageError":
        """The error of one file, with what to do."""
        return cls(f"{path} is damaged ({why}): delete it and run again")


class OutageError(UserError):
    """A disk, a folder or memory fails at this moment. It ends the job, whatever picture was read: nothing is wrong with it."""


class PictureError(UserError):
    """A picture cannot be used. It costs that picture: a row of the failures, never the run."""


class VideoError(PictureError):
    """A video cannot be read."""
