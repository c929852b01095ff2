"""Pictures that are away, exchanged, or no files, as a run sees them."""

import os

import pyarrow.parquet as pq


def statuses(survey, shard: str) -> list[str]:
    return pq.read_table(survey.results / "index" / f"{shard}.parquet")["status"].to_pylist()


def test_a_disk_that_goes_away_while_indexing_costs_no_picture(survey):
    (shard,) = survey.shards("card1")
    index = survey.results / "index" / f"{shard}.parquet"
    index.unlink()
    away = survey.folder / "away"
    # mode "off": as if the disk went away after planning
    target = str(index.relative_to(survey.folder))
    command = ("--cores", "2", target, "--config", "plan={mode: off}")
    for gone in (survey.pictures, survey.pictures / "card1"):
        gone.rename(away)
        survey.snakemake(*command, fails=True)
        log = (survey.results / "logs" / "index" / f"{shard}.log").read_text()
        assert "this picture folder is not there" in log
        assert "Traceback" not in log
        assert not index.exists()
        away.rename(gone)
    survey.run(target)
    assert statuses(survey, shard) == ["ok"] * 6


def test_what_is_no_file_or_not_read_adds_no_job(survey):
    card = survey.pictures / "card1"
    os.mkfifo(card / "pipe.jpg")
    (card / "zero.jpg").symlink_to("/dev/zero")
    (card / "card2").symlink_to("../card2")
    (survey.pictures / "card2" / "card1").symlink_to("../card1")
    (card / "phone.HEIC").write_bytes(b"not read")
    jobs = survey.dry_run()
    assert not jobs.rules
    assert "passed over: 1 HEIC" in jobs.text


def test_pictures_that_were_just_copied_are_not_no_pictures(survey):
    survey.settings = {"results": "anew", "plan": {"settle_seconds": 100_000}}
    text = survey.snakemake("--dry-run", fails=True)
    assert "wait a minute, or set plan.settle_seconds" in text
    assert "no pictures" not in text
