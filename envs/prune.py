"""Remove from the environment what packages bring for their own developers: a fifth of a gigabyte (part of `make setup`)."""

import shutil
import sysconfig
from pathlib import Path

SITE = Path(sysconfig.get_path("purelib"))
# torch's own test programs, tests of pandas and Numba, solvers for other systems
UNUSED = ["torch/test", "torch/bin/*[Tt]est*", "torch/bin/protoc*", "pandas/tests", "numba/tests"]
UNUSED += ["pulp/solverdir/cbc/osx", "pulp/solverdir/cbc/win"]

for pattern in UNUSED:
    for path in SITE.glob(pattern):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
