"""The lines of R in docs/handover.md that need no other package than jsonlite, on the tables of a survey (PACKAGE, as for frictionless).

The survey needs `export: {r_tables: true, darwin_core: true}`, names, and times. Skipped where there is no R.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).resolve().parents[2] / "docs/handover.md"
# Functions of packages that are rarely there: camtrapdp, camtrapR, unmarked, overlap, activity.
OTHERS = re.compile(
    r"library\(|\b(read_camtrapdp|observations|write_dwc|readcamtrapDP|detectionHistory|occu|densityPlot|fitact)\("
)
SEEN = """
stopifnot(nrow(records) > 0, is.numeric(records$clock_rad), is.numeric(records$delta.time.secs), is.character(records$Species))
stopifnot(!anyNA(as.POSIXct(records$DateTimeOriginal, format = "%Y-%m-%d %H:%M:%S", tz = "UTC")))
stopifnot(is.numeric(operation), all(operation %in% c(0, 1, NA)), !anyNA(as.Date(colnames(operation), "%Y-%m-%d")))
stopifnot(setequal(rownames(operation), unique(deployments$Station)), all(records$Station %in% rownames(operation)))
stopifnot(nrow(y) > 0, sum(y, na.rm = TRUE) > 0, all(y %in% c(0, 1, NA)), identical(dim(y), dim(days)), is.numeric(days))
stopifnot(identical(is.na(as.vector(y)), as.vector(days) == 0), nrow(occasions) == ncol(y))
stopifnot(nrow(occurrences) > 0, names(pictures)[1] == "path", names(species)[1] == "name", sum(species$events) > 0)
stopifnot(is.numeric(found$images$detections[[1]]$conf) || length(found$images$detections[[1]]) == 0)
cat("all is as it should be\\n")
"""


def statements(text):
    """The statements of all blocks of R, each with the lines that belong to it."""
    found = []
    for block in re.findall(r"```r\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            line = re.sub(r"\s+# .*", "", line)
            if line.startswith(" ") and found:
                found[-1] += "\n" + line
            elif line.strip():
                found.append(line)
    return found


@pytest.mark.skipif(not shutil.which("Rscript"), reason="no R here: apt-get install r-base-core r-cran-jsonlite")
@pytest.mark.skipif("PACKAGE" not in os.environ, reason="no survey: PACKAGE=results/export/camtrap_dp")
def test_r_reads_every_table(tmp_path):
    results = Path(os.environ["PACKAGE"]).resolve().parents[1]
    lines = [line for line in statements(DOCUMENT.read_text(encoding="utf-8")) if not OTHERS.search(line)]
    assert len(lines) > 15
    optional = re.compile(r"yasuni|suggestions\.csv|unsure\.csv|contents\.csv")  # exports that a survey may lack
    named = [line for line in lines if not optional.search(line) or _there(line, results)]
    table = 'names(which.max(table(read.csv("results/export/r/record_table.csv")$Species)))'
    code = "\n".join(line.replace('"ocelot"', table) for line in named) + SEEN
    (tmp_path / "lines.R").write_text(code, encoding="utf-8")
    (tmp_path / "results").symlink_to(results)
    done = subprocess.run(
        ["Rscript", "--vanilla", "lines.R"], cwd=tmp_path, text=True, capture_output=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert "all is as it should be" in done.stdout


def _there(line, results):
    """Whether the file that a line reads is in the survey."""
    (name,) = re.findall(r'"([^"]+)"', line)[:1]
    return (results / "export" / name.removeprefix("results/export/")).exists()
