"""Stations: which folder of a picture's path names one."""

import re

from camtrap.core.errors import ConfigError

__all__ = ["CAMERA_FOLDER", "compile_station_pattern", "station_of", "visit_of"]

# What computers add to the name of a folder that is there already, in the languages that people told of.
_WORD = "(?:copy|copia|copie|cópia|kopie|kopia|old|backup)"
_COPY = rf"(?:[ _-]{{0,3}}(?:\(\d{{1,3}}\)|\d{{1,2}}|{_WORD}|\([^()]{{0,20}}{_WORD}\))){{0,3}}"
_COPY_OF = rf"(?:{_WORD} (?:\(\d{{1,3}}\) )?(?:of|de|von) )?"
# Folders that cameras make: DCIM, and the eight characters of the DCF standard (100RECNX, 101EK113, 100_BTCF, 100MEDIA);
# and their copies (DCIM (2), 100MEDIA - Copy).
_DCF = r"[1-9]\d\d((?=\d*[A-Z_])[A-Z0-9_]{5})"
CAMERA_FOLDER = re.compile(rf"{_COPY_OF}(?:DCIM|MISC|PRIVATE|{_DCF}){_COPY}", re.IGNORECASE)
DATE_FOLDER = re.compile(r"(?:19|20)\d\d[-_. ]?[01]\d(?:[-_. ]?[0-3]\d)?")
_NUMBERED = re.compile(_DCF, re.IGNORECASE)


# Five letters of makers. Other five letters after a high number, and not below DCIM, are a name that looks like one (123NORTH).
_MAKERS = re.compile(
    "RECNX|MEDIA|DSCIM|CUDDY|CANON|NIKON|OLYMP|MSDCF|APPLE|GOPRO|PHOTO|CASIO|RICOH|SIGMA|LEICA|PENTX|KODAK"
)
_FIRST = 110  # a camera begins with 100, and has 999 pictures in a folder


def _is_camera_folder(folder: str, above: str) -> bool:
    if not CAMERA_FOLDER.fullmatch(folder):
        return False
    match = _NUMBERED.fullmatch(folder)
    if match is None or not match[1].isalpha() or _MAKERS.fullmatch(match[1].upper()) or int(folder[:3]) < _FIRST:
        return True
    return bool(CAMERA_FOLDER.fullmatch(above))


def compile_station_pattern(pattern: str) -> re.Pattern:
    """Compile ``metadata.station_pattern``; ConfigError says what is wrong with it."""
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ConfigError(f"metadata.station_pattern: not a regular expression ({error})") from None
    if "station" not in compiled.groupindex:
        raise ConfigError("metadata.station_pattern: it needs a named group, as in '^(?P<station>[^/]+)/'")
    return compiled


def station_of(path: str, level: int | None = None, pattern: re.Pattern | None = None) -> str | None:
    """Name the station that a picture's path tells.

    Parameters
    ----------
    path : str
        As the tables spell it: folders from the batch down, then the file.
    level : int, optional
        The folder below the picture root that names the station; 1 is the first.
    pattern : re.Pattern, optional
        Searched in the path; its group ``station`` is the station. Takes precedence over ``level``.

    Returns
    -------
    str or None
        Without level and pattern: the last folder that is neither made by a camera (:data:`CAMERA_FOLDER`) nor a bare
        date. None where the rule gives none; a camera's folder is never a station.
    """
    if pattern is not None:
        match = pattern.search(path)
        return (match["station"] or None) if match else None
    folders = path.split("/")[:-1]
    named = [
        None if _is_camera_folder(folder, above) else folder
        for above, folder in zip(["", *folders], folders, strict=False)
    ]
    if level is not None:
        return named[level - 1] or None if 1 <= level <= len(named) else None
    return next((folder for folder in reversed(named) if folder and not DATE_FOLDER.fullmatch(folder)), None)


def visit_of(path: str) -> str:
    """Name what a picture was copied with: its folder, without the numbers of folders that a camera begins when one is full.

    Two visits to a station are two of these, and so are two cameras: ``100RECNX`` and ``101RECNX`` of one card are one,
    ``DCIM`` and ``DCIM (2)`` are two.
    """
    folders = path.split("/")[:-1]
    return "/".join(match[1].upper() if (match := _NUMBERED.fullmatch(folder)) else folder for folder in folders)
