"""A folder of pictures, planned and committed: for the tests of the plan."""

import hashlib
import os
from pathlib import Path

import pyarrow as pa

from camtrap.core.files import write_parquet
from camtrap.core.paths import Roots
from camtrap.plan.ledger import Plan


def put(folder, *paths, content=None):
    for path in paths:
        file = Path(folder, path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if content is not None else str(path).encode())
        os.utime(file, ns=(10**18, 10**18))


class Folder:
    """Pictures and results in one place, planned and committed by :meth:`update`."""

    def __init__(self, path):
        self.pictures, self.results = path / "pictures", path / "results"
        self.pictures.mkdir()
        self.plan = Plan(self.results)

    def look(self, shard_size=2, **options):
        return self.plan.update(Roots(str(self.pictures)), shard_size, **options)

    def update(self, shard_size=2, **options):
        outcome = self.look(shard_size, **options)
        self.plan.commit(outcome)
        return outcome

    def index(self, shard):
        """What the index stage would know of a shard."""
        found = [
            {"path": path, "video": None, "frame": None, "image_id": hashlib.sha256(self.read(path)).hexdigest()}
            for path, *_ in self.plan.read_manifest(shard)
        ]
        kinds = [("path", pa.string()), ("video", pa.string()), ("frame", pa.int32()), ("image_id", pa.string())]
        write_parquet(self.results / "index" / f"{shard}.parquet", pa.Table.from_pylist(found, pa.schema(kinds)))

    def read(self, path):
        return Path(Roots(str(self.pictures)).locate(path)).read_bytes()

    def paths(self, shards):
        return [[row[0] for row in self.plan.read_manifest(shard)] for shard in shards]
