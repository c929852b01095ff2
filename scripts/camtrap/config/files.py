"""The files that a configuration names, looked at before the first job. Nothing is loaded that can run code."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from camtrap.core.errors import ConfigError, UserError
from camtrap.core.system import in_words
from camtrap.detect.registry import BACKENDS

__all__ = ["check_files"]

RANDOM = "random"


def check_files(
    config: dict[str, Any],
    sha256: Callable[[str], str | None],
    known: set[str] | None = None,
    detected: str | None = None,
) -> list[str]:
    """What is wrong with the files that a configuration names; one line each. Nothing is loaded that can run code.

    Parameters
    ----------
    config : dict
        Completed.
    sha256 : callable
        Hash of a file, hex (kept by name, size and time: weights are large).
    known : set of str, optional
        Hashes of large files that were found good before; those that are found good now are added.
    detected : str, optional
        Hash of the detector's weights by which every shard was detected: these are not loaded again.
    """
    known = set() if known is None else known
    found = []
    checks: list[Callable[[], None]] = [
        lambda: _detector_weights(config["detector"], sha256, detected),
        lambda: _detections(config["detector"], sha256, known),
        lambda: _embedder(config["embed"], sha256),
        lambda: _tables(config),
    ]
    for check in checks:
        try:
            check()
        except (UserError, ValueError) as error:
            found.append(str(error))
        except OSError as error:
            found.append(in_words(error) or f"{error.filename}: {error.strerror}")
    return found


def _detector_weights(options: dict[str, Any], sha256: Callable[[str], str | None], detected: str | None) -> None:
    backend = BACKENDS[options["backend"]]
    if backend.find and options["weights"]:
        _weights(options, "detector", sha256, yolo=backend.yolo)
        if backend.yolo and (found := sha256(options["weights"])) != detected:
            from camtrap.detect.weights import refuse_unknown

            refuse_unknown(options["weights"], found, options)


def _detections(options: dict[str, Any], sha256: Callable[[str], str | None], known: set[str]) -> None:
    backend = BACKENDS[options["backend"]]
    if backend.reads:
        from camtrap.detections.dialects import load, sniff

        given = options[backend.reads]
        files = given if isinstance(given, list) else [given] if given else []
        if not files:
            raise ConfigError(
                f"detector.backend: {options['backend']} needs a file of results: set detector.{backend.reads}"
            )
        for file in files:
            if not Path(file).is_file():
                raise ConfigError(f"{file}: there is no such file of detections (detector.{backend.reads})")
            name = f"json {sha256(file)}"
            if name not in known:
                try:
                    sniff(load(file))
                except (UserError, ValueError) as error:
                    raise ConfigError(f"{error}" if str(file) in str(error) else f"{file}: {error}") from None
                known.add(name)


def _embedder(options: dict[str, Any], sha256: Callable[[str], str | None]) -> None:
    if options["weights"] and options["weights"] != RANDOM:
        _weights(options, "embed", sha256, yolo=False)


def _weights(options: dict[str, Any], section: str, sha256: Callable[[str], str | None], yolo: bool) -> None:
    from camtrap.networks.checkpoint import check

    path, wanted = options["weights"], options["weights_sha256"]
    check(path, f"{section}.weights", yolo)
    if wanted and (found := sha256(path)) != wanted:
        raise ConfigError(f"{path}: its SHA-256 is {found}, not {wanted} as configured ({section}.weights_sha256)")


def _tables(config: dict[str, Any]) -> None:
    if config["metadata"]["stations"]:
        from camtrap.metadata.deployments import read_stations

        table = read_stations(config["metadata"]["stations"])
        zoneless = sorted({row.station for row in table.deployments if not row.timezone})
    else:
        zoneless = ["all stations"]
    export = config["export"]
    if export["camtrap_dp"] != "none" and not export["timezone"] and zoneless:
        raise ConfigError(
            f"export.timezone: Camtrap DP needs the time zone of {', '.join(zoneless[:5])}: set it, or give the table of "
            "stations (metadata.stations) a column 'time zone'"
        )
    if config["export"]["species"]:
        from camtrap.export.species import read_species

        read_species(config["export"]["species"])
    if config["evaluate"]["truth"]:
        from camtrap.evaluate.labels import read_labels

        read_labels(config["evaluate"]["truth"])
