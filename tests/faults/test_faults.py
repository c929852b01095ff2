"""Ten faults through ``snakemake`` and a hundred by stage; ``make faults`` does as many as wanted.

Their seeds are fixed: what fails here can be done again by ``tests/faults/campaign.py --only SEED``.
"""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import campaign

SEED = 15


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """The undisturbed run, made once."""
    return campaign.make_reference(tmp_path_factory.mktemp("faults") / "reference")


@pytest.mark.parametrize(("n_workflow", "n_stages"), [(10, 0), (0, 100)], ids=["through snakemake", "by stage"])
def test_nothing_is_lost_torn_wrong_or_silent(reference, tmp_path, n_workflow, n_stages):
    wanted = campaign.seeds(n_workflow, n_stages, SEED)
    records = campaign.run(wanted, tmp_path, reference, workers=os.cpu_count() or 1)
    assert [record.seed for record in records] == wanted
    print(campaign.show(records))
    assert [str(record) for record in records if not record.is_good] == []
