# What the rules ask of Snakemake beyond its documented interface: read in 9.27.1, all of it here, each with its reason.
# `min_version` in the Snakefile is the oldest that has it: in 9.14, 9.15 and 9.16 `global_resources` knows no resource that
# nobody offers (AttributeError); 9.17, 9.19 and 9.20 ran.
import sys
from pathlib import Path


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


def offered_gpus():
    """The user's --resources gpu=N; None without it.

    It decides how many GPUs a job asks for: a job that asks for more than are offered never starts.
    """
    return workflow.global_resources.get("gpu").value


def asked_of(rule):
    """Resources that the user or a profile set for a rule (--set-resources), by name; a cluster's profile asks for GPUs so."""
    return workflow.resource_settings.overwrite_resources.get(rule, {})


def jobs_to_run():
    """The jobs of this run, once it starts: what is shown while it goes on counts them."""
    return workflow.dag.needrun_jobs()


def configuration_files():
    """The YAML files of the configuration, later ones last: where a wrong value stands is said with its line."""
    return [*workflow.configfiles]
