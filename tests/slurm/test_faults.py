"""What goes wrong on a cluster: after each fault the results are those of an undisturbed run without SLURM."""

import os
import signal
import subprocess

import pytest
from cluster import assert_same, files, slurm, targets, wait_for

# A fault in one job needs no more than two stages; what takes longer goes on to the aggregation over all shards.
DETECTIONS = ["plan", "index", "detections"]
REDUCED = "clusters/efficientnet_lite0/reduced"


@pytest.fixture
def start(workflow, testbed, small, undisturbed, folder, request):
    """Start the small survey through SLURM in a folder of the test's own."""
    results = folder / request.node.name
    runs = []

    def begin(*options, until="detections", **environment):
        wanted = targets(results, undisturbed, until)
        runs.append(workflow.start(results, small, "--jobs", "8", *options, targets=wanted, **environment))
        return runs[-1]

    begin.results = results
    yield begin
    for run in runs:
        run.kill()


def attempts(run, first):
    """The row of a job and that of its successor, which does the same again."""
    jobs = run.jobs
    disturbed = next(job for job in jobs if job.job == first)
    again = [job for job in jobs if job.comment == disturbed.comment and int(job.job) > int(first)]
    assert again, jobs
    assert again[-1].state == "COMPLETED"
    return disturbed, again[-1]


def test_cancelled(start, testbed, undisturbed, say):
    """Somebody cancels a job (scancel): it is submitted again."""
    run = start()
    job, _ = wait_for(lambda: testbed.running("detect"), 400, "a running detect job")[0]
    slurm("scancel", job)
    run.end()
    first, second = attempts(run, job)
    assert first.state.startswith("CANCELLED")
    same = assert_same(start.results, undisturbed, *DETECTIONS)
    say(f"cancelled: job {job} {first.state}, job {second.job} {second.state}; {same} files as undisturbed")


def test_time_limit(start, testbed, undisturbed, say):
    """A job that hangs runs into its time limit: it is submitted again with more time than the rule first asks for."""
    run = start()
    job, _ = wait_for(lambda: testbed.running("detect"), 400, "a running detect job")[0]
    process = wait_for(lambda: testbed.process(job, "detect"), 200, "its process")
    os.kill(process, signal.SIGSTOP)
    slurm("scontrol", "update", f"JobId={job}", "TimeLimit=1")
    run.end()
    first, second = attempts(run, job)
    assert first.state == "TIMEOUT"
    asked = min(row.minutes for row in run.jobs if row.rule == "detect" and row.job != job)
    assert second.minutes > asked
    same = assert_same(start.results, undisturbed, *DETECTIONS)
    say(
        f"time limit: job {job} TIMEOUT, job {second.job} with {second.minutes} for {asked} minutes; {same} files as undisturbed"
    )


def test_out_of_memory(start, testbed, undisturbed, say):
    """A job gets no more memory (ulimit): it is submitted again with more."""
    run = start()
    job, _ = wait_for(lambda: testbed.running("detect"), 400, "a running detect job")[0]
    process = wait_for(lambda: testbed.process(job, "detect"), 200, "its process")
    subprocess.run(["prlimit", "--pid", str(process), "--as=50000000"], check=True)
    run.end()
    first, second = attempts(run, job)
    assert first.state == "FAILED"
    assert second.megabytes > first.megabytes
    same = assert_same(start.results, undisturbed, *DETECTIONS)
    say(
        f"out of memory: job {job} FAILED, job {second.job} with {second.megabytes} for {first.megabytes} MB; "
        f"{same} files as undisturbed"
    )


def test_node_lost(start, testbed, undisturbed, say):
    """A node dies with its job: another node does the job."""
    run = start()
    job, node = wait_for(lambda: testbed.running("index"), 400, "a running index group")[0]
    try:
        testbed.command("node-crash", node)
        run.end()
        jobs = run.jobs
    finally:
        testbed.command("node-start", node)
    first = next(row for row in jobs if row.job == job)
    later = [row for row in jobs if row.partition == "cpu" and int(row.job) > int(job)]
    assert first.state == "NODE_FAIL"
    assert later
    assert {row.state for row in later} == {"COMPLETED"}
    assert node not in {row.node for row in later}
    same = assert_same(start.results, undisturbed, *DETECTIONS)
    say(
        f"node lost: job {job} NODE_FAIL on {node}, then job {later[0].job} on {later[0].node}; {same} files as undisturbed"
    )


def test_snakemake_killed(start, testbed, undisturbed, say):
    """Snakemake gets SIGKILL while jobs run and wait; unlocked and started again, while the orphans still run.

    One of them is held until the new run does the same shard, so that both write the same file at once.
    """
    run = start(until=REDUCED)
    queue = "%i|%T|%k"
    wait_for(lambda: "PENDING" in slurm("squeue", "-h", "-o", queue) and testbed.running("detect"), 400, "a full queue")
    orphan, _ = testbed.running("detect")[0]
    process = wait_for(lambda: testbed.process(orphan, "detect"), 200, "its process")
    os.kill(process, signal.SIGSTOP)
    orphans = [line.split("|") for line in slurm("squeue", "-h", "-o", queue).splitlines()]
    run.kill()
    same_shard = next(comment for job, _, comment in orphans if job == orphan)
    start("--unlock", until=REDUCED).end()
    again = start(until=REDUCED)

    def twin():
        listed = [line.split("|") for line in slurm("squeue", "-h", "-t", "R", "-o", queue).splitlines()]
        twins = [job for job, _, comment in listed if comment == same_shard and job != orphan]
        return twins and testbed.process(twins[0], "detect")

    wait_for(twin, 400, "the new run's job for the orphan's shard")
    os.kill(process, signal.SIGCONT)
    again.end()
    wait_for(lambda: not slurm("squeue", "-h", "-o", "%i").strip(), 400, "the orphans' end")
    same = assert_same(start.results, undisturbed)
    states = [state for _, state, _ in orphans]
    say(
        f"snakemake killed: {states.count('RUNNING')} orphans running and {states.count('PENDING')} queued, one of them wrote "
        f"beside the new run; {same} files as undisturbed"
    )


def test_controller_restarted(start, testbed, undisturbed, say):
    """slurmctld dies and comes back: nothing is lost."""
    run = start()
    wait_for(lambda: testbed.running("detect"), 400, "a running detect job")
    testbed.command("ctld-restart", "5")
    run.end()
    states = sorted({row.state for row in run.jobs})
    same = assert_same(start.results, undisturbed, *DETECTIONS)
    say(f"controller restarted after 5 s: states {states}; {same} files as undisturbed")


def test_full_disk(start, testbed, undisturbed, say):
    """The disk of the results is full: a clear failure; with room again the same command goes on."""
    results = start.results
    results.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", results]).returncode:
        pytest.skip("no file system of limited size can be mounted here")
    try:
        ballast = results / "logs" / "ballast"
        ballast.parent.mkdir()
        needed = sum(len(content) for content in files(undisturbed).values())
        with open(ballast, "wb") as file:
            file.write(bytes(64 * 2**20 - needed // 2))
        text = start("--retries", "0", until=REDUCED).end(expect=1)
        assert "No space left on device" in text
        ballast.unlink()
        done = set(files(results))
        run = start(until=REDUCED)
        text = run.end()
        same = assert_same(results, undisturbed)
        say(
            f"full disk: exit status 1 and 'No space left on device'; then {len(run.jobs)} jobs more "
            f"({len(done)} files were there); {same} files as undisturbed"
        )
    finally:
        subprocess.run(["umount", "-l", results], check=True)


def test_no_gpu(start, testbed, undisturbed, say):
    """A GPU is reserved and torch sees none: the job fails at once with a line that says so."""
    shard = min((undisturbed / "detections").glob("*.json")).stem
    run = start("--retries", "0", CAMTRAP_DEVICE="")
    text = run.end(expect=1)
    assert "torch sees none" in text
    assert "--resources gpu=0" in text
    detect = [row for row in run.jobs if row.rule == "detect"]
    assert detect
    assert {row.state for row in detect} == {"FAILED"}
    assert not (start.results / "detections" / f"{shard}.json").exists()
    say(f"no GPU for torch: {len(detect)} jobs FAILED, the line is shown")
