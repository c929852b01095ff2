"""What a user can cause and put right: one hierarchy. Its message is one line: which file, what is wrong, what to do.

A job's log shows such an error as that line alone (:func:`camtrap.core.logs.job`); any other error is a fault of ours and
keeps its traceback.
"""


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


class OutageError(UserError):
    """A disk, a folder or memory fails at this moment. It ends the job, whatever picture was read: nothing is wrong with it."""


class PictureError(UserError):
    """A picture cannot be used. It costs that picture: a row of the failures, never the run."""


class VideoError(PictureError):
    """A video cannot be read."""
