"""Remove from the environment what packages bring for their own developers: 0.4 GB (part of `make setup`)."""

import shutil
import sysconfig
from pathlib import Path

SITE = Path(sysconfig.get_path("purelib"))
UNUSED = [
    # torch's own test programs
    *("torch/test", "torch/bin/*[Tt]est*", "torch/bin/protoc*"),
    # tests in Python
    *("numpy/tests", "numpy/*/tests", "networkx/*/tests", "networkx/*/*/tests", "mpmath/tests", "joblib/test"),
    *("pandas/tests", "numba/tests", "matplotlib/tests", "onnx/backend/test", "pyarrow/tests"),
    *("scipy/*/tests", "sklearn/tests", "sklearn/*/tests", "sympy/*/tests", "sympy/*/*/tests"),
    # for programs in C++: the library of ONNX Runtime's interface to C, headers of Arrow (torch compiles with its own)
    *("onnxruntime/capi/libonnxruntime.so*", "pyarrow/include"),
    # Arrow over a network
    *("pyarrow/libarrow_flight*", "pyarrow/libarrow_python_flight*", "pyarrow/_flight*.so"),
    *("pyarrow/libarrow_s3*", "pyarrow/_s3fs*.so"),
    # solvers for other systems
    *("pulp/solverdir/cbc/osx", "pulp/solverdir/cbc/win", "pulp/solverdir/cbc/linux/i32"),
]

for pattern in UNUSED:
    for path in SITE.glob(pattern):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
