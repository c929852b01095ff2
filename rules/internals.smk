# What the rules ask of Snakemake beyond its documented interface: read in 9.27.1, all of it here, each with its reason.
# `min_version` in the Snakefile is the oldest that passes the tests of tests/workflow: before 9.23 its filter of messages
# (`DefaultFilter`), which our logger uses for a dry run, took other arguments.
import base64
import os
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType


def root():
    """Folder of this workflow.

    `workflow.basedir` is that of the main Snakefile, which is another's where this workflow is used as a module.
    """
    return Path(workflow.current_basedir).parent


def in_main_process():
    """Whether this is the process that the user started, and not one of its jobs.

    Only this process plans and checks: pictures that arrive later must not change what a waiting job does. True for a
    dry run and for --lint, too.
    """
    return workflow.is_main_process


def is_linting():
    """Whether Snakemake's linter parses this: it has no pictures. The workflow object does not know it."""
    return "--lint" in sys.argv


def typed_configuration():
    """What the user typed after --config: a list of key=value."""
    return list(workflow.config_settings.config_args or [])


def given_twice():
    """An option of the configuration that the user gave twice, None without: Snakemake takes the last one and says nothing."""
    for names in (("--config", "-C"), ("--configfile", "--configfiles")):
        given = [word for word in sys.argv if word.partition("=")[0] in names]
        if len(given) > 1:
            return names[0]
    return None


def end_in_one_line():
    """Ctrl-C before the first job (while pictures are looked for, say) ends in one line; Snakemake catches it only later."""
    shown = sys.excepthook

    def show(kind, error, trace):
        if issubclass(kind, KeyboardInterrupt):
            print("stopped: the same command goes on where it was", file=sys.stderr)
        else:
            shown(kind, error, trace)

    sys.excepthook = show


def start_jobs_quietly():
    """Ctrl-C waits while a job's interpreter starts, and reaches the job when it has its log: before, it would show a traceback.

    A new process has the mask of the thread that makes it; `camtrap.core.logs.job` takes the mask off.
    """
    from snakemake.script import PythonScript

    execute = PythonScript.execute_script
    if execute.__name__ != "execute_script":  # done before, by a module's rules
        return

    def execute_deaf(self, fname, edit=False):
        from camtrap.core.command import deaf

        with deaf():
            execute(self, fname, edit)

    PythonScript.execute_script = execute_deaf


def wants_containers():
    """Whether jobs are to run in a container (--sdm apptainer)."""
    return workflow.deployment_settings is not None and any(
        method.name == "APPTAINER"
        for method in workflow.deployment_settings.deployment_method
    )


def offered_gpus():
    """The user's --resources gpu=N; None without it.

    It decides how many GPUs a job asks for: a job that asks for more than are offered never starts.
    """
    return workflow.global_resources.get("gpu").value


def cores():
    """The user's --cores; None without it, where `workflow.cores` would fail (--unlock, --rulegraph, a cluster's --jobs)."""
    return workflow.global_resources.get("_cores").value


def let_share(jobs):
    """Let so many jobs of this machine have a GPU at once: jobs that share one ask for one each.

    Called when the scheduler is there: only then it is known whether jobs run on this machine, and those of another
    workflow that uses this one as a module have started with what the user offered.
    """
    if workflow.local_exec:
        workflow.register_resource("gpu", jobs)


def asked_of(rule):
    """Resources that the user or a profile set for a rule (--set-resources), by name; a cluster's profile asks for GPUs so."""
    return workflow.resource_settings.overwrite_resources.get(rule, {})


def jobs_to_run():
    """The jobs of this run, once it starts, as (rule, shard): what is shown while it goes on counts them. "" for no shard."""
    return [
        (job.rule.name, job.wildcards_dict.get("shard", ""))
        for job in workflow.dag.needrun_jobs()
    ]


class Later(ModuleType):
    """A module that is imported when something of it is used. (The standard library's lazy loader is set off by `inspect`.)"""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


def spare_imports():
    """Keep a job from importing what it does not use: half a second of CPU, more than a job of an empty shard works.

    To see whether a script is a notebook, Snakemake imports nbformat, and with it jsonschema (`script.get_language`). To
    see whether a parameter is a data frame, it imports polars (`iocontainers.Snakemake._safely_store_params`). Ours are
    neither; those of another workflow that uses this one as a module may be.
    """
    if has_handlers():
        sys.modules.setdefault("nbformat", Later("nbformat"))
        sys.modules.setdefault("polars", None)


def configuration_files():
    """The YAML files of the configuration, those that take precedence last: where a wrong value stands is said with its line.

    Snakemake puts the Snakefile's own after the user's.
    """
    given = list(workflow.config_settings.configfiles)
    return [*(file for file in workflow.configfiles if file not in given), *given]


def adopt_records(known, added):
    """Give outputs that a rule declares only since lately the record of one that it always had.

    Snakemake overlooks changed parameters of a job as soon as one of its outputs has no record (`has_metadata`, 9.27.1): an
    older survey would keep what other settings made. The records: a file per output, `snakemake/persistence/file.py`.
    """
    from camtrap.core.files import write_bytes

    folder = Path(".snakemake") / "metadata"
    record = _record(folder, known)
    if not record.is_file():
        return
    for path in added:
        new = _record(folder, path)
        if Path(path).exists() and not new.exists():
            write_bytes(new, record.read_bytes())


def _record(folder, path):
    longest = os.pathconf(folder, "PC_NAME_MAX") - 1 if folder.is_dir() else 254
    name = base64.urlsafe_b64encode(path.encode()).decode()
    parts = [name[at : at + longest] for at in range(0, len(name), longest)]
    return folder.joinpath(*(f"@{part}" for part in parts[:-1]), parts[-1])


class Lookup:
    """What a look-up found before this run, its time and Snakemake's record of it: a failed one changes none of them.

    Snakemake leaves the file of a failed job (`update` on the output) but writes it anew, and forgets its record or gives it
    that of the failed job (`postprocess`, 9.27.1): its dependents would run again, or it itself never would.
    """

    def __init__(self, path):
        self.path = Path(path)
        self.record = _record(Path(".snakemake") / "metadata", path)
        self.status = self.path.stat() if self.path.exists() else None
        self.known = self.record.read_bytes() if self.record.is_file() else None

    def put_back(self):
        """Whether the file is still the old one (what a job finds is a new file); its time and record are the old ones then."""
        from camtrap.core.files import write_bytes

        if not self.status or not self.path.exists():
            return False
        if self.path.stat().st_ino != self.status.st_ino:
            return False
        os.utime(self.path, ns=(self.status.st_atime_ns, self.status.st_mtime_ns))
        if self.known is not None:
            write_bytes(self.record, self.known)
        return True


def has_handlers():
    """Whether this Snakefile's `onstart` and `onsuccess` count. Of one that another uses as a module they do not."""
    return workflow.modifier.is_main_snakefile()
