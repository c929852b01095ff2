"""A video of 30 seconds, made of simulated frames: the animals are found, and traced to their seconds."""

import csv
import json
from collections import defaultdict
from datetime import datetime, timedelta

import av
import pyarrow.parquet as pq
import pytest
import yaml
from conftest import Survey
from PIL import Image

from camtrap.simulate import simulate

pytestmark = pytest.mark.long

START = datetime(2024, 5, 1, 10)
SECONDS = {5, 6, 7, 15, 16, 17, 24, 25, 26}


def write_video(folder, path):
    """Frames of one camera by day, ten a second; in ``SECONDS`` an animal walks by, three shots of a trigger each time."""
    simulate(folder, seed=5, cards=1, stations=1, pictures=150, size=(320, 240), workers=1)
    with open(folder / "truth.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["infrared"] == "0" and not row["duplicate_of"]]
    triggers = defaultdict(list)
    for row in rows:
        if row["category"] == "animal" and row["w"]:
            triggers[row["burst"]].append(row["path"])
    shots = [path for burst in triggers.values() if len(burst) == 3 for path in burst]
    empty = [row["path"] for row in rows if row["category"] == "empty" and row["trigger"]]
    path.parent.mkdir(parents=True)
    with av.open(str(path), "w") as out:
        out.metadata["creation_time"] = START.isoformat()
        stream = out.add_stream("libx264", rate=10, options={"crf": "18"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for second in range(30):
            name = shots.pop(0) if second in SECONDS else empty[second % len(empty)]
            picture = av.VideoFrame.from_image(Image.open(folder / "images" / name).convert("RGB"))
            for _ in range(10):
                out.mux(stream.encode(picture))
        out.mux(stream.encode())


def test_animals_in_a_video_are_traced_to_their_seconds(tmp_path):
    survey = Survey(tmp_path)
    survey.cache = tmp_path / "cache"
    write_video(tmp_path / "simulated", tmp_path / "pictures" / "card1" / "Norte" / "VID 1.MP4")
    config = {"images": "pictures", "results": "results", "plan": {"settle_seconds": 0}}
    config |= {"detector": {"backend": "motion"}, "embed": {"model": "mobilenet_v3_small", "weights": "random"}}
    (tmp_path / "survey.yaml").write_text(yaml.safe_dump(config))
    survey.run("results/tables/crops.parquet")
    images = pq.read_table(survey.results / "tables" / "images.parquet").to_pylist()
    assert [row["frame_time"] for row in images] == list(range(30))
    for row in images:
        assert row["video"] == "card1/Norte/VID 1.MP4"
        assert row["frame"] == 10 * row["frame_time"]
        assert row["datetime"] == START + timedelta(seconds=row["frame_time"])
    assert {row["frame_time"] for row in images if row["category"] == "animal"} == SECONDS
    crops = pq.read_table(survey.results / "tables" / "crops.parquet").to_pylist()
    assert {row["path"] for row in crops} == {row["path"] for row in images if row["category"] == "animal"}


def test_frames_of_a_detection_file_are_the_frames_there_are(tmp_path):
    survey = Survey(tmp_path)
    survey.cache = tmp_path / "cache"
    video = tmp_path / "pictures" / "card1" / "VID 1.MP4"
    write_video(tmp_path / "simulated", video)
    (video.parent / "VID 2.MP4").write_bytes(video.read_bytes() + b"\0\0\0\x08free")  # another content
    found = {"category": "1", "conf": 0.9, "bbox": [0.3, 0.3, 0.21, 0.3]}
    images = [
        {"file": "card1/VID 1.MP4", "frames_processed": [0, 47], "detections": [found | {"frame_number": "47"}]},
        {"file": "card1/VID 2.MP4", "detections": []},
    ]
    (tmp_path / "md.json").write_text(json.dumps({"detection_categories": {"1": "animal"}, "images": images}))
    config = {"images": "pictures", "results": "results", "plan": {"settle_seconds": 0}}
    config |= {"detector": {"backend": "json", "json": "md.json"}}
    config |= {"embed": {"model": "mobilenet_v3_small", "weights": "random"}}
    (tmp_path / "survey.yaml").write_text(yaml.safe_dump(config))
    survey.run("results/tables/crops.parquet")
    rows = pq.read_table(survey.results / "tables" / "images.parquet").to_pylist()
    first = [(row["frame"], row["frame_time"], row["category"]) for row in rows if row["video"] == "card1/VID 1.MP4"]
    assert first == [(0, 0, "empty"), (47, 4.7, "animal")]
    second = [(row["frame"], row["category"]) for row in rows if row["video"] == "card1/VID 2.MP4"]
    assert second == [(10 * second, "empty") for second in range(30)]
    assert pq.read_table(survey.results / "tables" / "crops.parquet")["path"].to_pylist() == [
        "card1/VID 1.MP4/frame000047.jpg"
    ]
