"""NVIDIA's compute-sanitizer finds nothing in one small run of `decode: gpu`."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
TOOL = shutil.which("compute-sanitizer") or shutil.which("compute-sanitizer", path="/usr/local/cuda/bin")
CHECKS = {
    # each tensor is an allocation of its own, so that reading past its end is seen
    "memcheck": (["--tool", "memcheck"], {"PYTORCH_NO_CUDA_MEMORY_CACHING": "1"}),
    # CUDA's own allocator by streams: memory used in one stream while another frees or writes it is seen. Not with
    # `decode: gpu`, which refuses that allocator
    "streams": (
        ["--tool", "memcheck", "--track-stream-ordered-races", "all"],
        {"PYTORCH_ALLOC_CONF": "backend:cudaMallocAsync", "PYTORCH_CUDA_ALLOC_CONF": "backend:cudaMallocAsync"},
    ),
    "racecheck": (["--tool", "racecheck"], {}),
}
SECONDS = int(os.environ.get("GPU_SANITIZER_SECONDS", "90"))


@pytest.mark.parametrize("check", CHECKS)
def test_a_small_run_is_clean(check, device, crops, tmp_path, measured):
    for number, data in enumerate(crops[:6]):
        (tmp_path / f"{number}.jpg").write_bytes(data)
    options, environment = CHECKS[check]
    command = [
        sys.executable,
        str(HERE / "small_run.py"),
        device,
        str(tmp_path),
        "cpu" if check == "streams" else "gpu",
    ]
    if device != "cpu":
        if TOOL is None:
            pytest.skip("no compute-sanitizer here")
        command = [TOOL, *options, "--error-exitcode", "9", "--target-processes", "all", *command]
    process = subprocess.Popen(
        command,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=None if device == "cpu" else SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # with the program that the tool watches, which would go on
        process.communicate()
        measured(f"sanitizer {check}", f"not ended after {SECONDS} s")
        pytest.skip(f"not ended after {SECONDS} s")
    last = said.strip().splitlines()[-12:]
    measured(f"sanitizer {check}", last)
    assert process.returncode == 0, "\n".join(last)
    assert "computed" in said
