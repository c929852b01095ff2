"""A damaged plan is made again from what else is known, or named; never is another plan made in silence."""

import os

import pyarrow as pa
import pytest

from camtrap.core.errors import DamageError, PlanError
from camtrap.core.files import write_parquet
from camtrap.core.paths import Roots
from camtrap.plan.ledger import Plan
from camtrap.plan.manifests import planned_of


@pytest.fixture
def survey(tmp_path):
    """Two cards in shards of two, and a loose picture; all of it indexed. Returns (plan, roots, all files of the plan)."""
    pictures = tmp_path / "pictures"
    for name in ("card a/1.jpg", "card a/2.jpg", "card a/3.jpg", "card-b/ñ.jpg", "card-b/2.mp4", "loose.jpg"):
        path = pictures / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
        os.utime(path, ns=(10**18, 10**18 + len(name)))
    plan, roots = Plan(tmp_path / "results"), Roots(str(pictures))
    update(plan, roots)
    (pictures / "card a" / "4.jpg").write_bytes(b"later")
    update(plan, roots)
    for shard in plan.live():
        rows = [
            {
                "path": f"{path}/frame000001.jpg" if path.endswith("mp4") else path,
                "video": path if path.endswith("mp4") else None,
            }
            for path, *_ in plan.read_manifest(shard)
        ]
        schema = pa.schema({"path": pa.string(), "video": pa.string(), "frame": pa.int32(), "image_id": pa.string()})
        write_parquet(plan.results / "index" / f"{shard}.parquet", pa.Table.from_pylist(rows, schema))
    return plan, roots, contents(plan)


def update(plan, roots, said=None, **options):
    outcome = plan.update(roots, 2, say=(said if said is not None else []).append, **options)
    plan.commit(outcome)
    return outcome


def contents(plan):
    return {str(path.relative_to(plan.folder)): path.read_bytes() for path in plan.folder.rglob("*.tsv")}


def test_a_whole_plan_is_left_alone(survey):
    plan, roots, before = survey
    said = []
    assert len(update(plan, roots, said).shards) == 5
    assert not said
    assert contents(plan) == before


def harm_each_byte(data):
    for at in range(len(data)):
        for bit in (1, 4, 32, 128):
            yield data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]


def harm_lines(data):
    lines = data.splitlines(keepends=True)
    for at in range(len(lines)):
        yield b"".join(lines[:at])
        yield b"".join(lines[: at + 1] + lines[at:])
        yield b"".join(lines[:at] + lines[at + 1 :])
    yield data[: len(data) // 2]
    yield bytes(len(data))


def test_a_damaged_index_is_made_again(survey):
    plan, roots, before = survey
    for data in [*list(harm_each_byte(before["index.tsv"]))[::7], *harm_lines(before["index.tsv"])]:
        plan.index.write_bytes(data)
        said = []
        outcome = update(plan, roots, said)
        assert len(outcome.shards) == 5
        assert not outcome.fresh
        assert sorted(plan.rows()) == sorted(
            line.split("\t") for line in before["index.tsv"].decode().split("\n")[1:-1]
        )
        assert ["index.tsv was damaged" in line for line in said] == [True]
    assert contents(plan).keys() == before.keys()


def test_one_damaged_row_stays_in_its_place(survey):
    plan, roots, before = survey
    for data in list(harm_each_byte(before["index.tsv"]))[::31]:
        plan.index.write_bytes(data)
        if data.count(b"\n") == before["index.tsv"].count(b"\n"):
            update(plan, roots)
            assert contents(plan) == before


def test_a_row_of_a_shard_that_was_never_worked_on_comes_again(survey):
    plan, roots, before = survey
    shard = plan.live()[-1]
    (plan.results / "index" / f"{shard}.parquet").unlink()
    plan.index.write_bytes(b"".join(before["index.tsv"].splitlines(keepends=True)[:-1]))
    assert update(plan, roots).shards[-1] == shard
    assert contents(plan) == before


def test_a_damaged_manifest_is_made_again(survey):
    plan, roots, before = survey
    for shard in plan.live():
        path = plan.manifest(shard)
        good = path.read_bytes()
        for data in [*list(harm_each_byte(good))[::11], *harm_lines(good), None]:
            path.unlink() if data is None else path.write_bytes(data)
            said = []
            assert len(update(plan, roots, said).shards) == 5
            assert [path.name in line for line in said] == [True]
            assert contents(plan) == before


def test_of_a_picture_that_is_gone_the_manifest_knows(survey, tmp_path):
    plan, roots, before = survey
    path = plan.manifest(plan.live()[0])
    (tmp_path / "pictures" / "card a" / "1.jpg").unlink()
    path.write_bytes(path.read_bytes() + b"and more\n")
    assert update(plan, roots).removed == ["card a/1.jpg"]
    assert contents(plan) == before


def test_of_a_picture_that_was_touched_the_manifest_knows(survey, tmp_path):
    plan, roots, before = survey
    path = plan.manifest(plan.live()[0])
    picture = tmp_path / "pictures" / "card a" / "1.jpg"
    os.utime(picture, ns=(2 * 10**18, 2 * 10**18))
    (plan.folder / "touched.tsv").write_text(f"path\tsize\tmtime_ns\ncard a/1.jpg\t12\t{2 * 10**18}\n")
    path.write_bytes(path.read_bytes().replace(b"2.jpg", b"3.jpg"))
    update(plan, roots)
    assert path.read_bytes() == before[f"manifests/{path.name}"]


def test_a_manifest_that_cannot_be_made_again_is_named(survey, tmp_path):
    plan, roots, _ = survey
    shard = plan.live()[0]
    picture = tmp_path / "pictures" / "card a" / "1.jpg"
    os.utime(picture, ns=(2 * 10**18, 2 * 10**18))
    plan.manifest(shard).unlink()
    with pytest.raises(PlanError, match=f"{shard}.tsv is damaged or gone, and cannot be made again"):
        update(plan, roots)
    outcome = update(plan, roots, changed="supersede")
    assert outcome.superseded == [shard]
    assert outcome.n_new == 2
    paths = [row[0] for live in outcome.shards for row in plan.read_manifest(live)]
    assert sorted(paths) == sorted({*paths})
    assert len(paths) == 7
    assert not update(plan, roots).fresh


def test_a_manifest_of_a_shard_that_was_never_worked_on_needs_no_yes(survey):
    plan, roots, _ = survey
    shard = plan.live()[0]
    (plan.results / "index" / f"{shard}.parquet").unlink()
    plan.manifest(shard).write_text("path\tsize\tmtime_ns\n")
    outcome = update(plan, roots)
    assert outcome.superseded == [shard]
    assert outcome.n_new == 2


def test_a_picture_in_two_shards_is_refused(survey, tmp_path):
    plan, roots, _ = survey
    (tmp_path / "pictures" / "card a" / "1.jpg").write_bytes(b"another picture")
    assert update(plan, roots, changed="supersede").superseded
    old, new = plan.superseded()[0], plan.live()[-1]
    (plan.folder / "superseded.tsv").unlink()
    with pytest.raises(PlanError, match=f"card a/1.jpg is in {old} and in {new}.*superseded.tsv is damaged"):
        update(plan, roots)


def test_a_damaged_list_of_removed_pictures_is_made_again(survey, tmp_path):
    plan, roots, _ = survey
    (tmp_path / "pictures" / "loose.jpg").unlink()
    outcome = update(plan, roots)
    path = plan.removed_file(outcome)
    good = path.read_bytes()
    path.write_bytes(b"path\n")
    assert plan.removed_file(outcome) == path
    assert path.read_bytes() == good


@pytest.mark.parametrize("text", ["card a/1.jpg", "card a/1.jpg\t12\tx", "\xff"])
def test_damage_of_what_jobs_read_of_the_plan_is_named(survey, text):
    plan, _, _ = survey
    (plan.folder / "touched.tsv").write_bytes(f"path\tsize\tmtime_ns\n{text}\n".encode("latin-1"))
    with pytest.raises(DamageError, match=r"touched\.tsv is damaged .*: delete it and run again"):
        planned_of(plan.results, plan.live()[0])


@pytest.mark.parametrize("name", ["touched.tsv", "superseded.tsv"])
def test_bytes_that_are_no_text_are_named(survey, name):
    plan, roots, _ = survey
    (plan.folder / name).write_bytes(b"shard\n\xff\xfe\n")
    with pytest.raises(PlanError, match=rf"{name} is damaged"):
        update(plan, roots)
