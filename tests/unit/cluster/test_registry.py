"""One line in the registry adds a clusterer; what the registry says is refused or offered before any job."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from clusterdata import blobs, survey

import camtrap
from camtrap.cluster.methods import registry
from camtrap.cluster.settings import fill
from camtrap.config.checks import check_values
from camtrap.config.complete import complete, load_schema
from camtrap.core.errors import ConfigError
from camtrap.report import words

NEW_FILE = '''
import numpy as np

from camtrap.cluster.fits import Fit


def fit_halves(x, near, params, seed):
    """By the sign of one component."""
    labels = (x[:, params["component"]] > params["border"]).astype(np.int32)
    centres = np.stack([x[labels == k].mean(0) for k in range(2)])
    return Fit("halves", labels, centres, {"reason": "halves of a component"})
'''
NEW_LINE = '    "halves": Method("camtrap.cluster.methods.halves:fit_halves", "halves", defaults={"component": 0, "border": 0.0}),\n'
USE = """
import json, sys
from pathlib import Path

from camtrap.cluster import choose, fit, neighbours, reduce
from camtrap.config.checks import check_values
from camtrap.config.complete import complete
from camtrap.report import words

folder = Path(sys.argv[1])
config = complete({"cluster": {
    "methods": ["halves"], "sweeps": [], "halves": {"component": "2"}, "choose": {"primary": "halves"},
}})["cluster"]
files = sorted(folder.glob("shard*.parquet"))
reduce.reduce(files, folder / "crops.parquet", folder / "r", {"space": "raw", "unit": "crop"})
neighbours.neighbours(folder / "r", folder / "near.npz")
fit.fit_method("halves", folder / "r", folder / "near.npz", folder / "halves.npz", config["halves"])
choice = choose.choose(
    folder / "r", folder / "near.npz", [], [folder / "halves.npz"], folder / "choice.json", folder / "clusters.parquet",
    config["choose"],
)
print(json.dumps([config["halves"], choice["primary"], words.METHODS["halves"]]))
"""


def test_a_clusterer_is_its_file_and_a_line(tmp_path):
    import pyarrow.parquet as pq

    root = Path(camtrap.__file__).parents[2]
    shutil.copytree(
        root / "scripts" / "camtrap", tmp_path / "scripts" / "camtrap", ignore=shutil.ignore_patterns("__pycache__")
    )
    (tmp_path / "config").mkdir()
    shutil.copy(root / "config" / "schema.yaml", tmp_path / "config")
    methods = tmp_path / "scripts" / "camtrap" / "cluster" / "methods"
    (methods / "halves.py").write_text(NEW_FILE)
    text = (methods / "registry.py").read_text()
    (methods / "registry.py").write_text(text.replace("METHODS = {\n", "METHODS = {\n" + NEW_LINE))
    x, _ = blobs((30, 20), dims=6)
    survey(tmp_path / "data", x)

    done = subprocess.run(
        [sys.executable, "-c", USE, tmp_path / "data"],
        env={"PYTHONPATH": str(tmp_path / "scripts"), "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [{"component": 2, "border": 0.0}, "halves", "halves"]
    table = pq.read_table(tmp_path / "data" / "clusters.parquet").to_pandas()
    sides = table["cluster"].to_numpy()[:, None] == table["cluster"].to_numpy()
    positive = x[:, 2] > 0
    np.testing.assert_array_equal(sides, positive[:, None] == positive)
    assert table["cluster"].equals(table["halves"])


def test_a_setting_of_a_registered_method_is_known_to_the_schema():
    sections = load_schema()["properties"]["cluster"]["properties"]
    for name in registry.ALL:
        assert fill(name, {}) == {key: inner["default"] for key, inner in sections[name]["properties"].items()}
        assert sections[name]["additionalProperties"] is False


def test_every_function_of_the_registry_is_there():
    assert all(callable(method.load()) for method in registry.ALL.values())
    assert len({method.rank for method in registry.ALL.values()}) == len(registry.ALL)
    assert words.METHODS["kmeans"] == "K-Means"


@pytest.mark.parametrize(
    ("cluster", "message"),
    [
        ({"sweeps": ["kmean"]}, r"cluster\.sweeps\.0: 'kmean' is not one of \['kmeans', 'gmm'\]"),
        ({"methods": ["kmeans"]}, r"cluster\.methods\.0: 'kmeans' is not one of \['consensus', "),
        (
            {"choose": {"primary": "nonsense"}},
            r"cluster\.choose\.primary: 'nonsense' is not one of \['auto', 'consensus'",
        ),
    ],
)
def test_only_what_is_registered_can_be_configured(cluster, message):
    with pytest.raises(ConfigError, match=message):
        complete({"cluster": cluster})


@pytest.mark.parametrize(
    ("cluster", "refused"),
    [
        ({"choose": {"criterion": "icl"}}, ["kmeans has no icl, only silhouette, bic, stability"]),
        ({"choose": {"criterion": "icl"}, "sweeps": ["gmm"]}, []),
        ({"choose": {"criterion": "icl"}, "sweeps": []}, []),
        ({"choose": {"criterion": "stability"}}, ["stability needs cluster.gmm.stability_fits of at least 2"]),
        ({"choose": {"criterion": "stability"}, "sweeps": ["kmeans"]}, []),
        ({"choose": {"criterion": "stability"}, "gmm": {"stability_fits": 2}}, []),
        ({"choose": {"criterion": "bic"}}, []),
        ({}, []),
    ],
)
def test_a_criterion_that_a_sweep_does_not_have_is_refused(cluster, refused):
    lines = check_values(complete({"images": "/pictures", "results": "results", "cluster": cluster}))
    assert len(lines) == len(refused)
    assert all(
        part in line and line.startswith("cluster.choose.criterion: ")
        for part, line in zip(refused, lines, strict=True)
    )
