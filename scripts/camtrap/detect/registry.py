"""The detectors: one entry per backend. The rules, the schema and the report ask here and nowhere else.

To add a detector: write its module and add one entry to :data:`BACKENDS`. Every job imports this when it parses the
rules, so functions are named as text, ``"module:function"``, and imported when they are called.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Backend:
    """What a detector needs and what it cannot do.

    Attributes
    ----------
    detect : str
        Function ``(pictures, task) -> entries``: one :mod:`MegaDetector batch entry
        <camtrap.detections.megadetector_json>` for each of the shard's readable pictures (rows of the index), with
        ``file`` and either ``detections`` or ``failure``. ``task`` is a :class:`camtrap.detect.task.Task`.
    find : str, optional
        Function ``(options, cache) -> (name, SHA-256)`` of the weights, where ``options`` is the configuration's
        ``detector`` section. It is called once before the first shard. None: the detector has no weights.
    yolo : bool
        Whether its weights are a checkpoint of a YOLO network: another file is refused before the first job.
    threads : int
        How many threads it computes in.
    needs_gpu : bool
        Whether it computes on a GPU if one is offered.
    prefilter : bool
        Whether ``detector.prefilter`` applies: pictures in which nothing moved are not shown to it.
    compares : bool
        Whether it is the motion detector, whose settings count.
    split : str, optional
        For detections that somebody already has: function ``(options, index, folder, roots) -> report`` that writes the
        detections of all shards once for the whole survey. Such a backend has no ``detect``.
    reads : str, optional
        The key of ``detector`` that names the files which ``split`` reads.
    frames : str, optional
        Function ``(options, videos, roots) -> {video: frame numbers}``: the frames of videos that those files speak of.
        They are then the frames of the survey.
    cannot : str, optional
        What it cannot tell: a sentence of the report.
    """

    detect: str = ""
    find: str | None = None
    yolo: bool = False
    threads: int = 2
    needs_gpu: bool = False
    prefilter: bool = False
    compares: bool = False
    split: str | None = None
    reads: str | None = None
    frames: str | None = None
    cannot: str | None = None

    def asks_motion(self, options: Mapping[str, object]) -> bool:
        """Whether the motion detector is asked, alone or as the prefilter."""
        return self.compares or (self.prefilter and options["prefilter"] == "motion")


BACKENDS = {
    "megadetector": Backend(
        detect="camtrap.detect.megadetector:detect",
        find="camtrap.detect.weights:find",
        yolo=True,
        needs_gpu=True,
        prefilter=True,
    ),
    "json": Backend(
        split="camtrap.detections.from_json:split_survey",
        reads="json",
        frames="camtrap.detections.videos:frames_told",
    ),
    "motion": Backend(
        detect="camtrap.detect.motion:detect",
        threads=1,
        compares=True,
        cannot="The motion detector counts anything that moved as an animal, including people and vehicles.",
    ),
    "none": Backend(
        detect="camtrap.detect.whole:detect",
        cannot="No detector was used: every picture that can be read counts as a picture of an animal.",
    ),
}
