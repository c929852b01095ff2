"""Wheels that a bare machine with a GPU lacks, for Python 3.12 on x86-64 (`make gpu-pack`).

Beside them lie the simulated pictures of tests and bench, which take such a machine half a minute to make.
Such a machine has torch, torchvision, timm, pandas, pyarrow, scikit-learn, OpenCV, matplotlib and pytest, but no network. What is
packed travels there with the working tree; versions are the lock's. Fails if both together are more than 64 MiB.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 64 * 2**20
# The detector's packages and what they import at run time (yolov5 wants the pkg_resources of an older setuptools); simplejpeg
# decodes, FAISS is what the GPU is compared with.
PACKED = (
    *("simplejpeg", "megadetector", "yolov5", "ultralytics", "ultralytics-thop", "faiss-cpu"),
    *("dill", "fastquadtree", "GitPython", "gitdb", "humanfriendly", "jsonpickle", "Send2Trash", "setuptools", "smmap"),
)
PLATFORMS = [f"manylinux_2_{number}_x86_64" for number in (28, 27, 24, 17)] + ["manylinux2014_x86_64"]


def pinned() -> dict[str, str]:
    """Versions of the lock by name."""
    lines = (ROOT / "envs" / "requirements.lock").read_text().splitlines()
    return dict(re.fullmatch(r"([\w.-]+)==(\S+)", line).groups() for line in lines if "==" in line)


def download(folder: Path, names: list[str]) -> list[Path]:
    """The wheels, downloaded anew."""
    versions = pinned()
    for path in folder.glob("*.whl"):
        path.unlink()
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
    command += ["--only-binary=:all:", "--python-version", "3.12", "--implementation", "cp", "--dest", str(folder)]
    command += [option for platform in PLATFORMS for option in ("--platform", platform)]
    subprocess.run([*command, *(f"{name}=={versions[name]}" for name in names)], check=True)
    return sorted(folder.glob("*.whl"))


def pictures(folder: Path) -> list[Path]:
    """Simulated pictures of 3 and 12 megapixels; kept where they are there already."""
    sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests" / "bench")]
    import gpu_material

    made = []
    for megapixels, count in ((3, 8), (12, 4)):
        packed = folder / f"simulated{megapixels}"
        if not packed.exists():
            with tempfile.TemporaryDirectory() as work:
                found = gpu_material.simulated(Path(work), megapixels)[:count]
                making = folder / "part"
                making.mkdir(parents=True)
                for number, path in enumerate(found):
                    shutil.copyfile(path, making / f"{number}.jpg")
                making.rename(packed)
        made += sorted(packed.iterdir())
    return made


def main() -> int:
    """Download the wheels, make the pictures and say how large everything is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "gpu-pack")
    parser.add_argument("--also", nargs="*", default=[], help="further packages of the lock (pyarrow, say)")
    parser.add_argument("--without", nargs="*", default=[], help="packages to leave out")
    given = parser.parse_args()
    wheels = download(given.folder, [name for name in (*PACKED, *given.also) if name not in given.without])
    made = pictures(given.folder / "pictures")
    for wheel in wheels:
        print(f"{wheel.stat().st_size / 2**20:7.1f} MiB  {wheel.name}")
    listed = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    tree = [
        ROOT / name for name in subprocess.run(listed, check=True, capture_output=True, text=True).stdout.split("\0")
    ]
    sizes = [sum(path.stat().st_size for path in files if path.is_file()) for files in (wheels, made, tree)]
    print(
        f"{sizes[0] / 2**20:.1f} MiB of wheels, {sizes[1] / 2**20:.1f} of pictures and {sizes[2] / 2**20:.1f} of files: "
        f"{sum(sizes) / 2**20:.1f} of 64 MiB"
    )
    if sum(sizes) > LIMIT:
        print("more than 64 MiB: leave something out (--without)", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
