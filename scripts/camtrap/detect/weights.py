"""Which detector a survey uses, and where its weights lie."""

from pathlib import Path

from camtrap.core.errors import UserError
from camtrap.core.hashes import file_hash
from camtrap.core.named import named
from camtrap.detect.registry import BACKENDS
from camtrap.networks.weights import PINNED, cache_folder, fetch, local, pinned


def known_models() -> dict[str, dict]:
    """The package's own table: lower-case name to {"version", "url", "md5", ...}; only those with weights for torch."""
    from megadetector.detection import run_detector

    return {
        name: run_detector.known_models[version] | {"version": version}
        for name, version in run_detector.model_string_to_model_version.items()
        if "md5" in run_detector.known_models[version]
    }


def known_model(name: str) -> dict:
    """The entry of :func:`known_models`; UserError names those that there are."""
    models = known_models()
    if name.lower() not in models:
        names = sorted(known for known in models if known.startswith("mdv"))
        raise UserError(
            f"detector.model: there is no {name!r}; known are {', '.join(names)} (or name a file: detector.weights)"
        )
    return models[name.lower()]


def refuse_unknown(path: str | Path, sha256: str | None, options: dict) -> None:
    """Refuse a checkpoint that nobody vouches for: a .pt file is a pickle, and loading it runs what is in it.

    Parameters
    ----------
    path : path
        For the message.
    sha256 : str
        Of the file.
    options : dict
        The configuration's ``detector`` section.

    Raises
    ------
    UserError
        It is not a known model, and the configuration has neither its hash nor ``trust_weights``.
    """
    if options["trust_weights"] or (sha256 and sha256 in (*PINNED.values(), options["weights_sha256"])):
        return
    raise UserError(
        f"{path}: loading a .pt file runs what is in it, and this one is not a known MegaDetector (nothing was loaded). "
        f"If you trust where it came from, set detector.weights_sha256: {sha256} (or detector.trust_weights: true, for any file)"
    )


def weights_path(options: dict, cache: str | None, recorded: str | None = None) -> Path:
    """Path of the weights: the local file, else the cache's, downloaded and checked if it is not there.

    Parameters
    ----------
    options : dict
        The configuration's ``detector`` section.
    recorded : str, optional
        The SHA-256 that the survey found, where it was looked up before.

    Raises
    ------
    UserError
        Unknown name, no such file, wrong or no hash, or off-line (with URL, hash and where to put the file).
    """
    if options["weights"]:
        return local(options["weights"], options["weights_sha256"], "detector.weights")
    model = known_model(options["model"])
    file = model["url"].rpartition("/")[2]
    sha256 = options["weights_sha256"] or pinned(file) or recorded
    return fetch(model["url"], cache_folder(cache) / file, sha256, "detector", model["md5"])


def find(options: dict, cache: str | None) -> tuple[str, str]:
    """Name and SHA-256 of MegaDetector's weights, which are downloaded if need be."""
    path = weights_path(options, cache)
    if options["weights"]:
        refuse_unknown(path, file_hash(path), options)
    return path.name if options["weights"] else options["model"], file_hash(path)


def resolve(options: dict, cache: str | None = None) -> dict[str, str | None]:
    """Say which detector a survey uses: its backend, and name and SHA-256 of its weights (no path of a machine).

    Parameters
    ----------
    options : dict
        The configuration's ``detector`` section.
    cache : str, optional
        The configured cache folder.
    """
    name = options["backend"]
    find = BACKENDS[name].find
    model, sha256 = named(find)(options, cache) if find else (name, None)
    return {"backend": name, "model": model, "sha256": sha256}
