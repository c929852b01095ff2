"""An export from outside: its file, a line in the registry, and its rule."""

from collections import Counter

LINE = '    "batches": Export("batches.csv", "one row per memory card"),\n'
RULE = """
rule export_batches:
    input:
        f"{RESULTS}/tables/images.parquet",
    output:
        f"{EXPORT}/batches.csv",
    log:
        f"{RESULTS}/logs/export_batches.log",
    params:
        version=version("export"),
    message:
        "Counting the pictures of each card"
    script:
        "../scripts/export_batches.py"
"""
SCRIPT = """
import pandas as pd

from camtrap.core.files import write_csv
from camtrap.core.logs import job

with job(snakemake.log[0], snakemake.threads):
    images = pd.read_parquet(snakemake.input[0], columns=["batch"])
    write_csv(snakemake.output[0], ["batch", "pictures"], images.value_counts(sort=False).reset_index().to_numpy())
"""


def test_an_export_is_a_file_a_line_and_its_rule(survey, clone):
    (clone / "scripts" / "export_batches.py").write_text(SCRIPT)
    registry = clone / "scripts" / "camtrap" / "export" / "registry.py"
    registry.write_text(registry.read_text().replace("\n}\n", f"\n{LINE}}}\n", 1))
    rules = clone / "rules" / "export.smk"
    rules.write_text(rules.read_text() + RULE)
    survey.workflow = clone
    assert not survey.dry_run().rules
    survey.settings = {"export": {"batches": True}}
    assert survey.dry_run().rules == Counter(["export_batches"])
    survey.snakemake("--cores", "2", PYTHONPATH=str(clone / "scripts"))
    assert (survey.results / "export" / "batches.csv").read_text() == "batch,pictures\ncard1,6\ncard2,6\n"
    survey.settings = {"export": {"batch": True}}
    assert "did you mean export.batches?" in survey.snakemake("--dry-run", fails=True)


def test_what_science_needs_is_asked_for_before_the_first_job_and_one_export_does_not_hold_up_another(survey):
    survey.settings = {"export": {"camtrap_dp": "event", "r_tables": True, "darwin_core": True}}
    text = survey.snakemake("--dry-run", fails=True)
    assert "export.about.contributors: Camtrap DP requires one at least" in text
    assert "export.about.sampling_design: Camtrap DP requires it" in text
    about = {"sampling_design": "targeted", "contributors": [{"title": "Ana", "role": "contact"}]}
    survey.settings["export"] |= {"about": about, "timezone": "-05:00"}
    text = survey.snakemake("--cores", "2", "--keep-going", fails=True)
    assert "export.about.licenses.data: GBIF needs the licence of the tables" in text
    assert "no picture has a time, so there is nothing that the format can hold" in text  # these have no EXIF
    export = survey.results / "export"
    assert not (export / "camtrap_dp").exists()
    assert (export / "darwin_core.csv").read_text().startswith("occurrenceID,")
    assert len((export / "r" / "left_out.csv").read_text().splitlines()) == 13
