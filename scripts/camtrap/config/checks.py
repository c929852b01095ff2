"""All that can be refused before the first job: what no schema says of the values, and the files that they name.

Snakemake removes a job's old results before the job can say no, and a survey takes days: a mistake is found here, in the
main process, or it costs work.
"""

import difflib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from camtrap.cluster.methods.registry import unmet
from camtrap.config import engines, places
from camtrap.config.files import check_files
from camtrap.config.values import label_expression, numbers_of_clusters
from camtrap.config.where import line_of
from camtrap.core.errors import ConfigError, DamageError, UserError
from camtrap.core.files import read_json, write_json
from camtrap.detect.registry import BACKENDS
from camtrap.detections.megadetector_json import CATEGORIES
from camtrap.embed.known import is_known
from camtrap.export import about
from camtrap.plan.prepare import model_key

__all__ = ["check_values", "refuse_engines", "refuse_files", "refuse_values"]


def refuse_values(config: dict[str, Any], files: Iterable[str | Path], arguments: Iterable[str] = ()) -> None:
    """Raise ConfigError for what :func:`check_values` finds, with the line of the file (of ``files``) that says it.

    What ``arguments`` (``key=value``, as after ``--config``) say is in no file.
    """
    files, typed = list(files), {argument.partition("=")[0] for argument in arguments}
    told = []
    for line in check_values(config):
        key = line.partition(":")[0]
        place = None if key.partition(".")[0] in typed else line_of(key, files)
        told.append(f"{line} ({place})" if place else line)
    if told:
        raise ConfigError("\n".join(told))


def refuse_files(
    config: dict[str, Any], sha256: Callable[[str], str | None], results: str | Path, shards: Iterable[str]
) -> None:
    """Raise ConfigError for what :func:`check_files` finds. What was found good is kept in ``plan/good.json`` by its hash."""
    results = Path(results)
    path = results / "plan" / "good.json"
    known = _found_good(path)
    before = set(known)
    detected = results / "models" / "detector.json"
    found = read_json(detected, "sha256")["sha256"] if detected.exists() else None
    if any(not (results / "detections" / f"{shard}.json").exists() for shard in shards):
        found = None
    told = [*_models(config, results), *check_files(config, sha256, known, found)]
    if known != before:
        write_json(path, sorted(known))
    if told:
        raise ConfigError("\n".join(told))


def _found_good(path: Path) -> set[str]:
    """What was found good before; of a damaged file nothing, so that all is looked at again."""
    try:
        known = read_json(path)
    except (FileNotFoundError, DamageError):
        return set()
    return {entry for entry in known if isinstance(entry, str)} if isinstance(known, list) else set()


def _models(config: dict[str, Any], results: Path) -> Iterator[str]:
    """Names of models that nobody knows; one that was found before is known."""
    detector, embed = config["detector"], config["embed"]
    detectors, embedder = (results / "models" / f"{name}.json" for name in ("detector", model_key(config)))
    try:
        found = read_json(detectors, "sha256").get("model") if detectors.exists() else None
        if BACKENDS[detector["backend"]].yolo and not detector["weights"] and detector["model"] != found:
            from camtrap.detect.weights import known_model

            known_model(detector["model"])
        if not is_known(embed["model"]) and not embedder.exists():
            from camtrap.embed.registry import library_of

            library_of(embed["model"])
    except UserError as error:
        yield str(error)


def refuse_engines(config: dict[str, Any], left: Mapping[str, bool], gpus: Collection[str]) -> None:
    """Raise ConfigError where what computes a network cannot do what is asked of it.

    Parameters
    ----------
    config : dict
        Completed.
    left : mapping of str to bool
        Whether there is anything left to do for ``detect`` and for ``embed``: what was made elsewhere stays as it is.
    gpus : collection of str
        Those of the two whose jobs have a GPU.
    """
    told = []
    if left["detect"] and BACKENDS[config["detector"]["backend"]].needs_gpu:
        told.append(engines.detector_mistake(config["detector"], "detect" not in gpus))
    if left["embed"]:
        told.append(engines.embedder_mistake(config["embed"], "embed" not in gpus))
    if any(told):
        raise ConfigError("\n".join(filter(None, told)))


def check_values(config: dict[str, Any]) -> list[str]:
    """What is wrong with values of a completed configuration, though each is of the right type; one line each."""
    return [str(line) for line in _values(config)]


def _values(config: dict[str, Any]) -> Iterator[object]:
    yield from places.check(config)
    cluster = config["cluster"]
    try:
        numbers_of_clusters(cluster["k"])
    except ConfigError as error:
        yield error
    fitted = [*cluster["sweeps"], *cluster["methods"]]
    primary = cluster["choose"]["primary"]
    if not fitted:
        yield "cluster.sweeps and cluster.methods are both empty: name at least one, as in cluster: {methods: [consensus]}"
    elif primary not in ("auto", *fitted):
        yield f"cluster.choose.primary: {primary!r} is not fitted (auto, {', '.join(fitted)}; see cluster.methods)"
    yield from unmet(cluster)
    yield from _categories(config)
    yield from _metadata(config["metadata"])
    yield from _handed_over(config["export"])
    if config["evaluate"]["label_pattern"]:
        try:
            label_expression(config["evaluate"]["label_pattern"])
        except ConfigError as error:
            yield error


def _categories(config: dict[str, Any]) -> Iterator[str]:
    """A category that no detection has crops nothing. Files of results may have categories of their own."""
    detector, wanted = config["detector"], config["crop"]["categories"]
    known = [*CATEGORIES.values(), *(detector["classes"] or {}), *(detector["rename"] or {}).values()]
    if not wanted:
        yield "crop.categories: the list is empty (write it like [animal])"
    for name in wanted:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
        if name not in known and (near or not BACKENDS[detector["backend"]].reads):
            yield f"crop.categories: {name!r} is not a category ({', '.join(dict.fromkeys(known))})" + (
                f": did you mean {near[0]}?" if near else ""
            )
    for name in (detector["rename"] or {}).values():
        near = difflib.get_close_matches(name, wanted, n=1, cutoff=0.7)
        if near and name not in (*wanted, *CATEGORIES.values()):
            yield f"detector.rename: {name!r} is not cropped (crop.categories: {', '.join(wanted)}): did you mean {near[0]}?"
    if detector["classes"] is not None and not BACKENDS[detector["backend"]].reads:
        yield from _classes(detector["classes"], wanted)


def _classes(classes: dict[str, list[int]], wanted: list[str]) -> Iterator[str]:
    """Of a detector's own classes: each belongs to one category of ours."""
    ours = list(CATEGORIES.values())
    if wrong := [name for name in classes if name not in ours]:
        yield f"detector.classes: the categories are {', '.join(ours)}, not {', '.join(wrong)}"
    elif not set(wanted) & {name for name, numbers in classes.items() if numbers}:
        yield f"detector.classes: it has no class of what is cropped (crop.categories: {', '.join(wanted)})"
    numbers = [number for found in classes.values() for number in found]
    if twice := sorted({number for number in numbers if numbers.count(number) > 1}):
        yield f"detector.classes: {', '.join(map(str, twice))} stands more than once; a class has one category"


def _handed_over(export: dict[str, Any]) -> Iterator[str]:
    """Of what the exports need to know."""
    from camtrap.metadata.when import parse_zone

    if export["timezone"]:
        try:
            parse_zone(export["timezone"])
        except ValueError as error:
            yield f"export.timezone: {error}"
    links = [
        f"export.{key}: {export[key]}" for key in ("pictures", "folders") if export[key] in ("hardlink", "symlink")
    ]
    if export["folder_content"] == "crops":
        links = [link for link in links if "folders" not in link]
    if export["decimals"] is not None and links:
        yield f"export.decimals rounds coordinates in copies, and a link leads to the picture as it is ({links[0]}): set copy"
    if export["camtrap_dp"] != "none":
        yield from about.required(export)


def _metadata(options: dict[str, Any]) -> Iterator[object]:
    from camtrap.metadata.pattern import PathPattern
    from camtrap.metadata.stations import compile_station_pattern

    for key, compiled in (("station_pattern", compile_station_pattern), ("path_pattern", PathPattern)):
        if options[key]:
            try:
                compiled(options[key])
            except (UserError, ValueError) as error:
                yield error
