"""What of a data set only the user knows: whose it is, what may be done with it. Nothing heavy is imported here."""

from collections.abc import Iterator, Mapping
from shlex import quote
from typing import Any

__all__ = ["DESIGNS", "LICENCES", "ROLES", "missing", "nameless", "required", "unseen_people"]

# Exports that hand on pictures, or their paths, as public.
_HANDED_ON = ("camtrap_dp", "pictures", "folders", "explorer")

DESIGNS = ("simpleRandom", "systematicRandom", "clusteredRandom", "experimental", "targeted", "opportunistic")
ROLES = ("contact", "principalInvestigator", "rightsHolder", "publisher", "contributor")
LICENCES = ("CC0-1.0", "CC-BY-4.0", "CC-BY-NC-4.0")  # those that GBIF takes for data
_PERSON = "[{title: Ana Andi, role: contact, email: ana@example.org}]"


def required(export: Mapping[str, Any]) -> Iterator[str]:
    """What Camtrap DP itself requires and the configuration's ``export`` lacks; one line each, ``key: what to do``."""
    about = export["about"]
    if not about["contributors"]:
        yield f"export.about.contributors: Camtrap DP requires one at least, as in {_PERSON}"
    if not about["sampling_design"]:
        yield f"export.about.sampling_design: Camtrap DP requires it: {', '.join(DESIGNS)}"


def missing(export: Mapping[str, Any]) -> Iterator[str]:
    """What GBIF asks for and the configuration's ``export`` lacks; one line each, ``key: what to do``."""
    about = export["about"]
    for scope, what in (("data", "the tables"), ("media", "the pictures")):
        licence = about["licenses"][scope]
        if not licence:
            yield f"export.about.licenses.{scope}: GBIF needs the licence of {what} ({', '.join(LICENCES)})"
        elif scope == "data" and licence not in LICENCES and "creativecommons.org" not in licence:
            yield f"export.about.licenses.data: GBIF takes {', '.join(LICENCES)}, and not {licence}"
    roles = {person.get("role") for person in about["contributors"]}
    if "rightsHolder" not in roles:
        yield "export.about.contributors: GBIF needs one with role: rightsHolder"
    if "contact" not in roles:
        yield "export.about.contributors: GBIF needs one with role: contact and an email"
    if not about["title"]:
        yield "export.about.title: GBIF shows a data set by its title"
    if not about["description"]:
        yield "export.about.description: GBIF asks what the data set is"
    if not export["species"]:
        yield "export.species: GBIF matches scientific names; without a list of species, names stand as they were given"


def nameless(export: Mapping[str, Any], results: str) -> Iterator[str]:
    """Where nobody decided anything: one line that names the exports which tell only of decisions, and says what to do."""
    asked = [key for key in ("r_tables", "darwin_core", "camtrap_dp") if export[key] not in (False, "none")]
    if asked:
        given, results = export["names"], quote(results)
        how = f"python -m camtrap.review import {quote(given)} {results}" if given else f"make review RESULTS={results}"
        yield f"export.{', export.'.join(asked)}: no species yet, as only decisions count there: {how}"


def unseen_people(export: Mapping[str, Any]) -> Iterator[str]:
    """Where the detector knows no people: one line, if pictures are handed on without those of people."""
    asked = [key for key in _HANDED_ON if export[key] not in (False, "none")]
    if asked and export["people"] != "keep":
        yield (
            "export.people: this detector does not know people, so that only those are left out whom somebody named person: "
            f"look through export.{', export.'.join(asked)} before you hand it over"
        )
