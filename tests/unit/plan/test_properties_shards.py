"""What holds for every history of a picture folder: a picture is planned once, and for good."""

from hypothesis import given, settings
from hypothesis import strategies as st

from camtrap.core.paths import batch_of
from camtrap.plan.compare import Comparison
from camtrap.plan.shards import MANIFEST_BYTES, Batch, plan, slug

settings.register_profile("fixed", derandomize=True, deadline=None, database=None)
FIXED = settings.get_profile("fixed")

names = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=12)
pictures = st.tuples(names, st.integers(0, 10**9), st.integers(-(10**18), 4 * 10**18))
visits = st.lists(pictures, max_size=20, unique_by=lambda row: row[0])
sizes = st.integers(1, 7)


def commit(batch: Batch, shards) -> None:
    """What the plan on disk remembers of new shards."""
    batch.n_shards += len(shards)
    for shard in shards:
        for row in shard.rows:
            assert row[0] not in batch.known, "planned twice"
            batch.known[row[0]] = (shard.name, row)


@given(st.lists(st.tuples(visits, sizes), max_size=5))
@settings(FIXED, max_examples=60)
def test_every_picture_is_in_exactly_one_shard_and_old_shards_stay(history):
    """Whatever comes at each visit, and however large shards then are."""
    batch, all_shards = Batch("card"), []
    for found, size in history:
        before = list(all_shards)
        new = plan(batch, found, size)
        commit(batch, new)
        all_shards += new
        assert all_shards[: len(before)] == before
        assert set(batch.known) >= {row[0] for row in found}
        assert all(1 <= len(shard.rows) <= size for shard in new)
    planned = [row[0] for shard in all_shards for row in shard.rows]
    assert len(planned) == len(set(planned)) == len(batch.known)
    assert len({shard.name for shard in all_shards}) == len(all_shards)
    assert [shard.seq for shard in all_shards] == list(range(len(all_shards)))


@given(visits, visits, sizes, st.randoms(use_true_random=False))
@settings(FIXED, max_examples=60)
def test_the_order_of_discovery_does_not_matter(known, found, size, random):
    batch = Batch("card")
    commit(batch, plan(batch, known, size))
    shuffled = random.sample(found, len(found))
    assert plan(batch, found, size) == plan(batch, shuffled, size)


@given(visits, sizes)
@settings(FIXED, max_examples=60)
def test_what_is_planned_costs_nothing_again(found, size):
    """The same folder looked at again has nothing new, whatever the size of shards is now."""
    batch = Batch("card")
    commit(batch, plan(batch, found, size))
    for other in (1, size, 1000):
        assert plan(batch, found, other) == []


@given(visits, visits, sizes, sizes)
@settings(FIXED, max_examples=60)
def test_another_shard_size_concerns_the_future_only(first, second, before, after):
    one, other = Batch("card"), Batch("card")
    commit(one, plan(one, first, before))
    commit(other, plan(other, first, before))
    old = dict(one.known)
    commit(one, plan(one, second, before))
    commit(other, plan(other, second, after))
    assert {path: one.known[path] for path in old} == {path: other.known[path] for path in old} == old


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=6))
@settings(FIXED, max_examples=5)
def test_a_manifest_stays_below_a_megabyte(lengths):
    """Long paths end a shard before its number of pictures does."""
    found = [(f"{number:06d}/" + "x" * length, 2**40, 2**60) for number, length in enumerate(lengths * 300)]
    shards = plan(Batch("card"), found, 10**6)
    assert all(len(shard.manifest.encode()) < MANIFEST_BYTES for shard in shards)
    assert [row for shard in shards for row in shard.rows] == sorted(found)


@given(st.text(max_size=60))
@settings(FIXED, max_examples=100)
def test_a_batch_of_any_name_has_a_file_name(batch):
    name = slug(batch)
    assert 1 <= len(name) <= 40
    assert name.isascii()
    assert name.replace("_", "a").isalnum()


class Ledger:
    """The plan on disk in short: shards in order, and which of them count."""

    def __init__(self):
        self.shards, self.superseded = [], set()

    def look(self, disk: dict[str, int], size: int):
        """Compare with a disk of paths and sizes; a file of another size has another content."""
        of_batch: dict[str, list[str]] = {}
        for shard in self.shards:
            of_batch.setdefault(shard.batch, []).append(shard.name)

        def known(names):
            live = [shard for shard in self.shards if shard.name in set(names) - self.superseded]
            return {row[0]: (shard.name, row) for shard in live for row in shard.rows}

        def stale(altered):
            found = {}
            for shard, _, row in altered:
                found.setdefault(shard, []).append(row)
            return found

        seen = Comparison(known, stale, lambda shard: set(), {}, of_batch, size, supersede=True)
        batches: dict[str, list] = {}
        for path, length in disk.items():
            batches.setdefault(batch_of(path), []).append((path, length, 0))
        for name in sorted(batches):
            seen.look(name, batches[name])
        return seen.finish()

    def live(self):
        return [shard for shard in self.shards if shard.name not in self.superseded]


# folders that are small, and one that may fill shards of its own
places = st.sampled_from([*(f"S{number}" for number in range(7)), "card", ""])
disks = st.dictionaries(
    st.builds(lambda folder, name: f"{folder}/{name}".lstrip("/"), places, st.sampled_from("abcdef")), st.integers(1, 2)
)


@given(st.lists(st.tuples(disks, st.sampled_from([2, 5, 9, 100])), min_size=1, max_size=5))
@settings(FIXED, max_examples=150)
def test_small_folders_share_shards_and_every_picture_is_in_one(history):
    """Pictures come, change and go; folders large and small: each is in one shard that counts, and is planned once."""
    ledger = Ledger()
    for disk, size in history:
        before = {shard.name: shard for shard in ledger.live()}
        outcome = ledger.look(disk, size)
        assert set(outcome.superseded) <= before.keys()
        changed = {
            name for name, shard in before.items() if any(disk.get(row[0], row[1]) != row[1] for row in shard.rows)
        }
        assert set(outcome.superseded) == changed
        ledger.superseded |= changed
        ledger.shards += outcome.fresh
        planned = [row for shard in ledger.live() for row in shard.rows]
        assert len({path for path, *_ in planned}) == len(planned)
        assert {path: length for path, length, _ in planned if path in disk} == disk
        assert outcome.removed == sorted(path for path, *_ in planned if path not in disk)
        assert all(len(shard.rows) <= size for shard in outcome.fresh)
        assert len({shard.name for shard in ledger.shards}) == len(ledger.shards)
        again = ledger.look(disk, size)
        assert (again.fresh, again.superseded, again.removed) == ([], [], outcome.removed)
