"""What fuzzing begins with: small valid files of each kind."""

import io
import json
import struct

from PIL import Image
from PIL.TiffImagePlugin import IFDRational

BOX = [0.1, 0.2, 0.3, 0.4]
DETECTIONS = [
    {
        "info": {"format_version": "1.6", "detector": "md_v5a.0.0.pt"},
        "detection_categories": {"1": "animal", "2": "person", "3": "vehicle"},
        "classification_categories": {"0": "ocelot"},
        "classification_category_descriptions": {"0": "mammalia;ocelot"},
        "images": [
            {
                "file": "a.jpg",
                "width": 64,
                "height": 48,
                "detections": [{"category": "1", "conf": 0.9, "bbox": BOX, "classifications": [["0", 0.6]]}],
            },
            {"file": "b.jpg", "failure": "image access failure", "detections": None},
            {
                "file": "v.mp4",
                "frame_rate": 30.0,
                "frames_processed": [0, 30],
                "detections": [{"category": "1", "conf": 0.5, "bbox": BOX, "frame_number": 30}],
            },
        ],
    },
    {
        "info": {"detector": "megadetector_v5"},
        "detection_categories": {"0": "animal", "1": "person"},
        "images": [{"file": "a.jpg", "max_detection_conf": "", "detections": []}],
    },
    {
        "annotations": [
            {"img_id": "a.jpg", "bbox": [[10, 20, 110, 220]], "category": [0], "confidence": [0.9]},
            {"img_id": "b.jpg", "bbox": [], "category": [], "confidence": []},
        ],
        "categories": {"0": "animal", "1": "person"},
    },
    {
        "annotations": [
            {
                "img_id": "a.jpg",
                "bbox": [[10, 20, 110, 220]],
                "det_category": [0],
                "det_confidence": [0.5],
                "clf_category": [7],
                "clf_confidence": [0.8],
            }
        ],
        "det_categories": {"0": "animal"},
        "clf_categories": {"7": "Agouti"},
    },
    [{"file": "a.jpg", "detections": [{"category": "animal", "confidence": 0.9, "bbox": [1, 2, 30, 40]}]}],
    {
        "info": {"format_version": "20261015"},
        "predictions": [
            {
                "filepath": "a.jpg",
                "detections": [
                    {
                        "category": "1",
                        "label": "animal",
                        "conf": 0.9,
                        "bbox": BOX,
                        "raw_classifications": {"classes": ["u;m;c;f;l;p;ocelot"], "scores": [0.8]},
                        "processed_classification": {"class": "u;m;c;f;l;p;ocelot", "score": 0.8},
                    }
                ],
                "prediction": "u;m;c;f;l;p;ocelot",
                "prediction_score": 0.8,
                "classifications": {"classes": ["x"], "scores": [1.0]},
                "model_version": "4.0.3a",
            },
            {"filepath": "b.jpg", "failures": ["DETECTOR"]},
        ],
    },
    {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}],
        "annotations": [{"image_id": 1, "category_id": 1, "bbox": [1, 2, 30, 40], "score": 0.5}],
        "categories": [{"id": 1, "name": "animal"}],
    },
]
COMMENT = b"Trg: M 3/10\nDat: 2019-08-22 08:13:06 PM\nTmp: 21 C\nSN: 123\nMP: 4\nIll: On\nBat: 9820\nLbl: UNIT03\n"
STATIONS = b"station,latitude,longitude,timezone,clock_offset,start,end\nA,-0.6,-76.4,America/Guayaquil,-01:00:00,2019-01-01,\n"
NAMES = b"cluster,name,crop_id,crops\n0,Paca,0123456789abcdef-0001-0002-0003-0004,12\n1,,,3\n"


def _maker_notes() -> list[bytes]:
    notes = [struct.pack("<4H", 0xF101, 4, 1, 0) + struct.pack("<12s14H", b"", *range(14)) + bytes(60)]
    for signature in (b"RECONYXUF\0", b"RECONYXH2\0", b"RECONYXMF\0", b"RECONYXHF4K\0"):
        notes.append(signature + bytes(range(1, 190)))
    return notes


def _pictures() -> list[bytes]:
    found = []
    for kind, options in [
        ("JPEG", {"comment": COMMENT}),
        ("PNG", {}),
        ("TIFF", {}),
        ("WEBP", {}),
        ("GIF", {}),
        ("BMP", {}),
    ]:
        for note in _maker_notes()[:2] if kind == "JPEG" else [b""]:
            block = Image.Exif()
            block.update({0x010F: "RECONYX", 0x0110: "HC500", 0x0112: 6, 0x0132: "2020:01:01 00:00:00"})
            block.get_ifd(0x8769).update(
                {0x9003: "2015:06:05 16:42:18", 0x9291: "25", 0x829A: IFDRational(1, 30), 0x9209: 25, 0x927C: note}
            )
            block.get_ifd(0x8825).update({1: "S", 2: (0.0, 37.0, 56.7), 3: "W", 4: (76.0, 8.0, 30.0)})
            buffer = io.BytesIO()
            with_exif = {} if kind in ("GIF", "BMP") else {"exif": block}
            Image.new("RGB", (8, 8)).save(buffer, kind, **with_exif, **options)
            found.append(buffer.getvalue())
    return found


def seeds(target: str) -> list[bytes]:
    """Valid files for a target."""
    return {
        "detections": lambda: [json.dumps(value).encode() for value in DETECTIONS],
        "picture": _pictures,
        "maker_note": lambda: [*_maker_notes(), COMMENT],
        "stations": lambda: [STATIONS, STATIONS.replace(b",", b";"), b"\xef\xbb\xbf" + STATIONS],
        "cluster_names": lambda: [NAMES, NAMES.replace(b",", b"\t")],
    }[target]()
