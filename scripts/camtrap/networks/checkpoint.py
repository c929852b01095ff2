"""What a file of weights is, without loading it: a checkpoint of torch, or something that only has its name."""

import zipfile
from pathlib import Path

from camtrap.core.errors import UserError
from camtrap.pictures import sniff

# Modules whose classes a YOLO checkpoint names: YOLOv5's own, the packages', and MegaDetector 1000's.
_YOLO = (b"models.yolo", b"yolov5.models", b"ultralytics.nn", b"yolov9")
_HEAD = 4096


def check(path: str | Path, key: str, yolo: bool = False) -> None:
    """Refuse a file that cannot be weights, before anything reads it. Nothing is unpickled.

    Parameters
    ----------
    path : path
        As the configuration names it.
    key : str
        Of the configuration, for the message.
    yolo : bool
        Whether it must be a whole YOLO network (a detector), not only numbers.

    Raises
    ------
    UserError
        One line: there is no such file, it cannot be read, or what it is instead.
    """
    path = Path(path)
    if path.is_dir():
        raise UserError(f"{path}: a folder, not a weights file ({key})")
    if not path.is_file():
        raise UserError(f"{path}: there is no such weights file ({key})")
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD)
        named = _pickle(path, head) if head else None
    except OSError as error:
        raise UserError(f"{path}: the weights file cannot be read ({error.strerror or error}; {key})") from None
    except zipfile.BadZipFile:
        raise UserError(f"{path}: the weights file is damaged or was not copied to its end ({key})") from None
    if named is None:
        raise UserError(f"{path}: not weights that torch saved, but {_what(head)} ({key})")
    if yolo and not any(module in named for module in _YOLO):
        raise UserError(f"{path}: weights of torch, but not of a YOLO detector ({key})")


def _what(head: bytes) -> str:
    """In words what the file is instead."""
    if head.startswith(b"\xff\xd8"):
        return "a JPEG picture"
    return sniff.describe(head).replace(", not a picture", "").replace("not a picture", "something else")


def _pickle(path: Path, head: bytes) -> bytes | None:
    """The pickle that a checkpoint holds (its text names the classes); None where the file is none.

    A safetensors file holds numbers alone: an empty pickle.
    torch.save writes a ZIP archive with a ``data.pkl``; before version 1.6 it wrote pickles one after the other, in which
    the classes stand in the first part.
    """
    if head.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith("/data.pkl") or name == "data.pkl"]
            return archive.read(names[0]) if names else None
    if head.startswith(b"\x80\x02"):
        with open(path, "rb") as file:
            return file.read(1 << 22)
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < path.stat().st_size:
        return b""
    return None
