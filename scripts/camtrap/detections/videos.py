"""Videos in detection files: which frames a file speaks of, and results for a video as a whole."""

import os
from collections import defaultdict
from collections.abc import Sequence

from camtrap.core.paths import Roots
from camtrap.detections.dialects import read
from camtrap.detections.match import Matching, match
from camtrap.detections.path_index import folder_of, in_its_folder, normal_of_ours
from camtrap.detections.records import Record
from camtrap.pictures.frames import is_video, split_frame


def frames_told(options: dict, videos: Sequence[str], roots: Roots) -> dict[str, set[int]]:
    """Return the numbers of the frames that the detection files speak of, for each video that they mean.

    Parameters
    ----------
    options : dict
        The configuration's ``detector`` section: ``json`` is a path or a list of paths.
    videos : sequence of str
        All videos of the survey, as the tables spell them: a file's path may mean another one of them.
    roots : Roots

    Raises
    ------
    DetectionFileError
        A detection file cannot be read.
    """
    ours = {normal_of_ours(video) for video in videos}
    spelled: list[str] = []
    numbers: list[set[int]] = []
    for path in _listed(options["json"]):
        told: dict[str, set[int]] = defaultdict(set)
        for record in read(path).records:
            video, number = split_frame(record.file)
            if video is not None:
                told[video].add(number)
        spelled += in_its_folder(list(told), folder_of(path, roots), ours)
        numbers += told.values()
    found: dict[str, set[int]] = defaultdict(set)
    for row, told_of_one in zip(match(spelled, {"path": list(videos)}).picture.tolist(), numbers, strict=True):
        if row >= 0:
            found[videos[row]] |= told_of_one
    return dict(found)


def _listed(paths: str | os.PathLike | list[str]) -> list:
    return paths if isinstance(paths, list) else [paths]


def frames_of_videos(paths: Sequence[str]) -> dict[str, list[int]]:
    """Return the rows of each video's frames, given the paths of all pictures and frames."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, path in enumerate(paths):
        video, _ = split_frame(path)
        if video is not None:
            rows[video].append(row)
    return dict(rows)


def match_whole(
    records: Sequence[Record], spelled: Sequence[str], frames: dict[str, list[int]], matching: Matching
) -> dict[int, list[int]]:
    """Match results for a whole video (a failure, or nothing seen) to its frames; ``matching`` is brought up to date.

    Parameters
    ----------
    records, spelled : sequence
        The results, and their paths as they are compared.
    frames : dict of str to list of int
        Of :func:`frames_of_videos`.
    matching : Matching
        Of the results to the pictures and frames.

    Returns
    -------
    dict of int to list of int
        Number of the result to the rows that it speaks of.
    """
    whole = [i for i, r in enumerate(records) if matching.how[i] == "none" and is_video(r.file) and not r.detections]
    if not whole or not frames:
        return {}
    videos = list(frames)
    found = match([spelled[i] for i in whole], {"path": videos})
    rows_of: dict[int, list[int]] = {}
    for n, i in enumerate(whole):
        matching.how[i] = found.how[n]
        if n in found.candidates:
            matching.candidates[i] = [frames[videos[video]][0] for video in found.candidates[n]]
        if found.picture[n] >= 0:
            rows_of[i] = frames[videos[found.picture[n]]]
            matching.picture[i] = rows_of[i][0]
    return rows_of
