# Functions and constants of all rules. Every job parses this again: nothing heavy is imported here.
from importlib.util import find_spec


include: "internals.smk"


ROOT, MAIN = root(), in_main_process()
if MAIN:
    end_in_one_line()
    start_jobs_quietly()
else:
    spare_imports()
# Jobs in a conda environment or a container find the package beside their scripts, all others where it is installed. Here it
# is always the one beside this file: Snakemake's own environment may have none, or that of another copy.
INSTALLED = find_spec("camtrap")
sys.path.insert(0, str(ROOT / "scripts"))

from camtrap.config.handover import complete_once
from camtrap.config.values import numbers_of_clusters
from camtrap.core.errors import PlanError, UserError
from camtrap.detect.registry import BACKENDS
from camtrap.export.registry import beside, wanted
from camtrap.networks.share import threads_beside_a_card
from camtrap.plan import prepare
from camtrap.plan.manifests import has_videos
from camtrap.review import decided, folder_of
from camtrap.stages import STAGE_VERSION

if MAIN:  # a job asks for nothing of these
    from camtrap.config import checks
    from camtrap.core import terminal
    from camtrap.export import about, names
    from camtrap.networks.device import no_gpu_for_jobs
    from camtrap.networks.share import share_cards
    from camtrap.plan import table

ENV = ROOT / "envs" / "camtrap.yaml"


def listed(value):
    """A list of what may be one, several or none."""
    return value if isinstance(value, list) else [value] if value else []


try:
    if MAIN and (option := given_twice()):
        raise UserError(
            f"{option} is given twice, and only the last one counts: write all that follows them after one {option}"
        )
    complete_once(config, MAIN, configuration_files(), typed_configuration())
    # Refused here: Snakemake removes a job's old results before the job can say no.
    if MAIN:
        checks.refuse_values(config, configuration_files(), typed_configuration())
    RESULTS = config["results"].rstrip("/")
    EXPORT = f"{RESULTS}/export"
    REVIEW = str(folder_of(RESULTS, config["review"]["folder"]))
    DECIDED = decided(REVIEW, MAIN)
    if MAIN:
        redo = listed(config["plan"]["redo"])
        names.check(
            config["export"]["names"], RESULTS, redo, REVIEW if DECIDED else None
        )
    PLAN = prepare.prepare(config, MAIN, is_linting())
    if MAIN and not is_linting():
        checks.refuse_files(config, PLAN.file_hash, RESULTS, PLAN.shards)
        if config["metadata"]["stations"]:
            for line in table.compare(config["metadata"], PLAN.manifests()):
                prepare.say(line)
        for line in table.without_station(config["metadata"], PLAN.manifests()):
            prepare.say(line)
        if not DECIDED:
            for line in about.nameless(config["export"], RESULTS):
                prepare.say(line)
        if config["export"]["camtrap_dp"] != "none":
            for line in about.missing(config["export"]):
                prepare.say(line)
except UserError as error:
    raise WorkflowError(str(error)) from None
except OSError as error:  # results that cannot be read or written, a disk that is full
    raise WorkflowError(f"{error.filename or 'results'}: {error.strerror}") from None

if MAIN and " " in str(ROOT) and wants_containers():
    raise WorkflowError(
        f"--sdm apptainer: Snakemake takes no image whose path has a blank ({ROOT}); move this folder"
    )
OFFERED_GPUS = offered_gpus()
if MAIN and OFFERED_GPUS == 0:
    no_gpu_for_jobs()
elif MAIN and OFFERED_GPUS:
    try:
        JOBS_WITH_GPU = share_cards(OFFERED_GPUS, cores())
    except UserError as error:
        raise WorkflowError(str(error)) from None
SHARDS = PLAN.shards
SHARD_SIZE = config["plan"]["shard_size"]
MODEL = prepare.model_key(config)
CLUSTERS = f"{RESULTS}/clusters/{MODEL}"


def begin():
    """What comes before the first job: the plan and the settings are written down; from here on they count."""
    if INSTALLED and not Path(INSTALLED.origin).samefile(
        ROOT / "scripts" / "camtrap" / "__init__.py"
    ):
        raise WorkflowError(
            f"this environment runs the code in {Path(INSTALLED.origin).parents[2]}, not that in {ROOT}: "
            f"use the environment made by `make setup` in {ROOT}"
        )
    try:
        PLAN.commit()
        record_settings()
        record_places()
        keep_lookups()
    except PlanError as error:
        raise WorkflowError(str(error)) from None
    except OSError as error:
        raise WorkflowError(f"{error.filename or RESULTS}: {error.strerror}") from None


onstart:
    begin()
    if OFFERED_GPUS:
        let_share(JOBS_WITH_GPU)
    terminal.RUN.expect(jobs_to_run(), PLAN.sizes)


def shards(pattern):
    """One file per shard."""
    return [f"{RESULTS}/{pattern.format(shard=shard)}" for shard in SHARDS]


def calibration_crops(wildcards):
    """Crops of the first shard that has any, and of the empty ones before it; the plan only grows, so they stay the same."""
    from camtrap.embed.int8 import to_look_in

    return to_look_in(
        shards("crops/{shard}.parquet"), f"{RESULTS}/models/{MODEL}_int8.onnx"
    )


def version(stage):
    """Raised by hand when a stage's results change; a parameter of each of its rules."""
    return STAGE_VERSION[stage]


def memory(base, per_picture=0, per_thread=0):
    """Megabytes: a base, a part for each picture of the survey and one for each further thread, half as much again at each attempt."""

    def mem_mb(wildcards, attempt, threads):
        first = base + per_picture * PLAN.n_pictures + per_thread * (threads - 1)
        return int(first * (1 + 0.5 * (attempt - 1)))

    return mem_mb


def minutes(base, per_picture=0, pictures=PLAN.n_pictures):
    """Minutes of run time: a base and a part for each picture (of the survey, or of a shard), doubled at each attempt."""

    def runtime(wildcards, attempt):
        return int((base + per_picture * pictures) * 2 ** (attempt - 1))

    return runtime


def gpus():
    """GPUs of a job: one where some are offered (--resources gpu=4), else none. A cluster's profile sets it itself."""
    return min(1, OFFERED_GPUS or 0)


def threads_of(threads):
    """Threads of a stage that computes on a GPU where some are offered."""
    return threads_beside_a_card(threads) if gpus() else threads


# What says where something lies, how fast it comes or what is planned, not what comes out; all else is a parameter of
# a rule. A file counts by its content (below), weights by the SHA-256 in models/*.json.
PLACES = ["images", "results", "cache", "plan", "export", "review"]
NO_RESULT = {
    "metadata": ["stations"],
    "detector": ["runtime", "weights", "weights_sha256", "trust_weights", "json"],
    "crop": [],
    "embed": ["runtime", "compile", "weights", "weights_sha256"],
    "collect": [],
    "evaluate": ["truth"],
    "cluster": [],
}
# A key that came when there were surveys, and the value that says what was done without it: only another value counts,
# else all of them would be worked through again.
WITHOUT = {
    "crop": {"fill": "black", "strip": "keep"},
    "embed": {"decode": "cpu", "flip": False},
    "cluster": {"mode": "assign", "groups": None},
    "collect": {"repeat_look": 0, "repeat_days": 1, "repeat_keep": []},
}
# The settings of a method that came when there were surveys count where it is fitted.
if "consensus" not in config["cluster"]["methods"]:
    WITHOUT["cluster"]["consensus"] = config["cluster"]["consensus"]
# The preview changes no report. Its defaults stay in the report's parameters: old surveys have them there.
PREVIEW = {"n": 8, "pictures": []}


# Settings of the motion detector count where it is asked, and only those that are not the defaults.
DETECTOR = BACKENDS[config["detector"]["backend"]]
MOTION = {}
if DETECTOR.asks_motion(config["detector"]):
    from camtrap.config.complete import beyond_defaults

    MOTION = beyond_defaults(config, "detector", "motion")


def result_options(section):
    """The part of a section that changes results."""
    unimportant, without = NO_RESULT.get(section, []), WITHOUT.get(section, {})
    options = {
        k: v
        for k, v in config[section].items()
        if k not in unimportant and (k, v) not in without.items()
    }
    if section == "detector":
        options["motion"] = MOTION
    return options


def result_mode():
    """`cluster.mode` where it is another than that of surveys that know none."""
    return {k: v for k, v in result_options("cluster").items() if k == "mode"}


def index_options(wildcards):
    """Frames of videos that a file of results speaks of are the frames there are: there the file's content counts."""
    options = result_options("metadata")
    if has_videos(f"{RESULTS}/plan/manifests/{wildcards.shard}.tsv"):
        files = listed(config["detector"][DETECTOR.reads])
        options["frames_of"] = [content(file) for file in files]
    return options


def result_config():
    """The part of the configuration that changes results."""
    plain = {key: value for key, value in config.items() if key not in PLACES}
    plain["preview"] = PREVIEW
    return plain | {section: result_options(section) for section in NO_RESULT}


def content(path):
    """SHA-256 of a file that the configuration names (in the main process; a job takes its parameters from there)."""
    return PLAN.file_hash(path)


def detector_file():
    """SHA-256 of the local weights; None for those that go by their name, also where the file is what was found by that name."""
    from camtrap.core.files import read_json

    given = content(config["detector"]["weights"])
    known = Path(RESULTS) / "models" / "detector.json"
    if MAIN and given and known.exists():
        found = read_json(known, "model", "sha256")
        if (found["model"], found["sha256"]) == (config["detector"]["model"], given):
            return None
    return given


def ks():
    """The numbers of clusters that the sweeps try."""
    return numbers_of_clusters(config["cluster"]["k"])


def of_many(threads):
    """Threads of a stage that takes a second where there are few pictures: there, one, so that it waits for no other job."""
    return threads if PLAN.n_pictures > 10_000 else 1


def of_shards(threads):
    """Threads of a stage that goes shard by shard: one where few pictures lie in several shards, which then run at once."""
    return threads if PLAN.n_pictures > 10_000 or len(SHARDS) < 2 else 1


def exports():
    """The files that the configuration asks for, and the table of names to fill in."""
    files = ["clusters.csv", *wanted(config["export"])]
    return [f"{EXPORT}/{file}" for file in files]
