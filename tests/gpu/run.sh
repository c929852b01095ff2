#!/usr/bin/env bash
# Tests and bench on a GPU, in some 10 minutes: tests/gpu/run.sh [--cpu] [tests] [bench]
# --cpu tries it without a GPU, with small networks. BENCH: what the bench is told (BENCH="--only detect jobs").
# Takes the environment of `make setup`; where there is none, the machine's python3 and the wheels of `make gpu-pack`.
# Results come into $OUT (default build/gpu): run.log, measured.jsonl (of the tests), bench.json
set -uo pipefail
cd "$(dirname "$0")/../.."
device=cuda:0
if [ "${1:-}" = --cpu ]; then
    device=cpu
    shift
fi
parts=${*:-tests bench}
export OUT=${OUT:-$PWD/build/gpu} GPU_TEST_DEVICE=$device PYTHONUNBUFFERED=1
GPU_WORK=${GPU_WORK:-$(mktemp -d)}
export GPU_WORK
mkdir -p "$OUT" "$GPU_WORK"
exec > >(tee "$OUT/run.log") 2>&1
# Pillow decodes large pictures twice as fast where freed memory is kept: the seeds' loops at their best.
export MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=2147483648
# Nothing may look for a network: there is none.
export YOLOv5_AUTOINSTALL=false YOLO_AUTOINSTALL=false YOLO_OFFLINE=true HF_HUB_OFFLINE=1
python=${PYTHON:-}
if [ -z "$python" ]; then
    python=python3
    [ -x .venv/bin/python ] && python=$PWD/.venv/bin/python
fi
export PYTHONPATH=$PWD/scripts
unset PYTHONDONTWRITEBYTECODE # else each process compiles all it imports
say() { printf '\n== %s (after %d s)\n' "$*" "$SECONDS"; }

# part NAME SECONDS COMMAND...: at most so long; on a CPU nothing is in a hurry
part() {
    local name=$1 limit=$2 code=0
    shift 2
    [ "$device" = cpu ] && limit=1500
    say "$name, at most $limit s"
    timeout --kill-after=5 "$limit" "$@" 2>&1 || code=$?
    if [ "$code" != 0 ]; then
        echo "== $name failed ($code)"
        echo "$name" >>"$GPU_WORK/failed"
    fi
}

# beside NAME SECONDS COMMAND...: the same beside others; what it prints is shown by shown NAME...
beside() { part "$@" >"$GPU_WORK/$1.log" 2>&1 & }
shown() {
    wait $(jobs -p)
    for name; do cat "$GPU_WORK/$name.log"; done
}

if [ -n "$(ls build/gpu-pack/*.whl 2>/dev/null)" ] && ! "$python" -c 'import megadetector, simplejpeg' 2>/dev/null; then
    say "wheels"
    site=$GPU_WORK/site
    [ -d "$site" ] || "$python" -m pip install --quiet --no-index --no-deps --no-compile --no-cache-dir \
        --disable-pip-version-check --root-user-action ignore --target "$site" build/gpu-pack/*.whl || exit 1
    PYTHONPATH=$PYTHONPATH:$site
fi
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv 2>/dev/null
rm -f "$GPU_WORK/failed" "$OUT/measured.jsonl"
pytest=("$python" -m pytest -v -rfEs -p no:cacheprovider)
part material 60 "$python" tests/bench/gpu_material.py "$GPU_WORK" "$device"
for name in $parts; do
    case $name in
    tests)
        part jobs 60 "${pytest[@]}" tests/gpu/test_jobs.py
        part full-card 40 "${pytest[@]}" tests/gpu/test_full_card.py
        beside detect 110 "${pytest[@]}" tests/gpu/test_detect.py
        beside embed 110 "${pytest[@]}" tests/gpu/test_embed.py
        beside sanitizer 300 "${pytest[@]}" tests/gpu/test_sanitizer.py
        shown detect embed sanitizer
        ;;
    # shellcheck disable=SC2086
    bench) part bench 280 "$python" tests/bench/gpu.py --device "$device" --work "$GPU_WORK" --out "$OUT" ${BENCH:-} ;;
    *) echo "there is no part $name: tests, bench" && exit 2 ;;
    esac
done
failed=$(cat "$GPU_WORK/failed" 2>/dev/null | wc -l)
say "$failed parts failed; results in $OUT"
exit "$failed"
