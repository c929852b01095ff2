"""Snakemake's messages for people: ``--logger camtrap`` (set in the profiles).

A line per stage instead of five per job; a failed job in one line. A dry run, ``--verbose``, ``--printshellcmds`` and
``--debug-dag`` show Snakemake's own messages. The whole log is kept in ``.snakemake/log`` in any case.

The interface: snakemake-interface-logger-plugins 2.0 (``LogHandlerBase``, ``LogEvent``).
"""

import logging
import re
import sys
import threading
import time
from importlib import import_module
from logging import ERROR, Handler, LogRecord
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from snakemake_logger_plugin_camtrap.arguments import refuse

__all__ = ["LogHandler"]

refuse()

# Seconds between two lines that say how far it is: on a terminal the line is written over, elsewhere it stays.
TERMINAL, ELSEWHERE = 1.0, 60.0
TOLD = "camtrap.core.terminal"
STOPPED = "stopped: the same command goes on where it was"
HIDDEN = {
    LogEvent.WORKFLOW_STARTED,
    LogEvent.RESOURCES_INFO,
    LogEvent.RUN_INFO,
    LogEvent.SHELLCMD,
    LogEvent.JOB_STARTED,
    LogEvent.PROGRESS,
    LogEvent.RULEGRAPH,
    LogEvent.GROUP_INFO,
}
# Of Snakemake's plain sentences those that help nobody who waits for results.
DULL = (
    "Using workflow specific profile",
    "Using shell",
    "Singularity containers",
    "Provided cores",
    "Elapsed time",
    "Config file ",
    "Assuming unrestricted shared filesystem",
    "Building DAG of jobs",
    "Select jobs to execute",
    "Execute ",
    "Removing temporary output",
    "Touching output",
    "host: ",
    "Storing output in storage",
    "Complete log(s)",
    "Conda environments: ignored",
    "Trying to restart job",
    "Removing output files of failed job",
    "Exiting because a job execution failed",
    "Shutting down, this might take some time",
    "Cannot restore ",
)


OURS = re.compile(r"WorkflowError in (?:rule \w+, )?file [^\n]*rules/\w+\.smk\"?, line \d+:\n")
# A job's command that ended badly: the job's own line (FAILED) says more.
COMMAND = re.compile(r"RuleException:\nCalledProcessError in file ")
SUBMITTED = re.compile(r"Job \d+ has been submitted")
UNFINISHED = "At least one job did not complete successfully"
PLACE = re.compile(r"\n  File [^\n]*")


class LogHandler(LogHandlerBase):
    """Write to the terminal what a person wants to know."""

    def __post_init__(self) -> None:
        settings = self.common_settings
        self.stream = sys.stdout if settings.stdout else sys.stderr
        self.plain: Handler | None = None
        if settings.dryrun or settings.verbose or settings.printshellcmds or settings.debug_dag:
            self.plain = self._snakemakes_own()
        self.last = time.monotonic()
        self.open_line = False
        self.stopped = False
        self.guard = threading.Lock()

    def _snakemakes_own(self) -> Handler:
        from snakemake.logging import ColorizingTextHandler, DefaultFilter, DefaultFormatter

        settings: Any = self.common_settings
        handler = ColorizingTextHandler(nocolor=settings.nocolor, stream=self.stream)
        handler.addFilter(
            DefaultFilter(
                settings.quiet, settings.debug_dag, settings.verbose, settings.dryrun, settings.printshellcmds
            )
        )
        handler.setFormatter(DefaultFormatter(settings.quiet, settings.show_failed_logs))
        return handler

    def emit(self, record: LogRecord) -> None:
        """Show a record; never let one stop the run."""
        try:
            if self.plain is not None:
                if getattr(record, "event", None) == LogEvent.ERROR:
                    record.msg = _ours(str(record.msg))
                self.plain.handle(record)
                return
            with self.guard:
                self._show(record)
        except BrokenPipeError:
            pass
        except Exception:
            self.handleError(record)

    def _show(self, record: LogRecord) -> None:
        if self.stopped:  # that the jobs which were at work ended badly is no news
            return
        event, fields = getattr(record, "event", None), vars(record)
        if event == LogEvent.JOB_INFO:
            _run().start(fields["jobid"], fields["rule_name"], _shard(record))
        elif event == LogEvent.JOB_FINISHED:
            self._lines(_run().finish(fields["job_id"]))
        elif event == LogEvent.JOB_ERROR:
            self._lines(_run().fail(fields["jobid"], fields["rule_name"], list(fields["log"] or [])))
        elif event not in HIDDEN:
            self._sentence(record)
        self._status()

    def _sentence(self, record: LogRecord) -> None:
        text = str(record.msg or "").strip("\n")
        if getattr(record, "event", None) == LogEvent.ERROR:
            text = "" if COMMAND.match(text) else _ours(text)
        if text.startswith("Terminating processes on user request"):
            self._lines([STOPPED])
            self.stopped = True
            # nor is what a second Ctrl-C interrupts: Snakemake has no handlers any more, and Python waits for its threads
            logging.lastResort = logging.NullHandler()
            sys.unraisablehook = lambda _: None
        elif text.removeprefix("WorkflowError:\n").startswith(UNFINISHED):
            self._lines(_run().unfinished())
        elif (
            text
            and not text.removeprefix("WorkflowError:\n").startswith(DULL)
            and not SUBMITTED.match(text)
            and record.levelno != 10
        ):
            self._lines(text.split("\n") if record.levelno < ERROR else [text])

    def _status(self) -> None:
        now = time.monotonic()
        shown = _run().status() if TOLD in sys.modules else []
        wait = TERMINAL if self.stream.isatty() else ELSEWHERE
        if not shown or now - self.last < wait:
            return
        self.last = now
        if self.stream.isatty():
            self.stream.write("\r\x1b[K" + "; ".join(" ".join(line.split()) for line in shown)[:118])
            self.open_line = True
        else:
            self.stream.write("".join(f"{line}\n" for line in shown))
        self.stream.flush()

    def _lines(self, lines: list[str]) -> None:
        if lines:
            self.stream.write(("\r\x1b[K" if self.open_line else "") + "".join(f"{line}\n" for line in lines))
            self.open_line = False
            self.stream.flush()

    @property
    def writes_to_stream(self) -> bool:
        """Yes: it stands in for Snakemake's own handler."""
        return True

    @property
    def writes_to_file(self) -> bool:
        """No."""
        return False

    @property
    def has_filter(self) -> bool:
        """Yes: :meth:`emit` decides."""
        return True

    @property
    def has_formatter(self) -> bool:
        """Yes."""
        return True

    @property
    def needs_rulegraph(self) -> bool:
        """No."""
        return False


def _run() -> Any:
    """What the workflow's rules told of this run.

    Their own package is asked, which they may find elsewhere than this module (a clone): nothing of it is imported before
    they are read, or they would get that of this module.
    """
    return import_module(TOLD).RUN


def _ours(text: str) -> str:
    """What we refuse is our sentence alone, without the place in our rules."""
    return PLACE.sub("", OURS.sub("", text)).strip("\n") if OURS.match(text) else text


def _shard(record: LogRecord) -> str:
    wildcards = getattr(record, "wildcards", None) or {}
    return str(wildcards.get("shard", ""))
