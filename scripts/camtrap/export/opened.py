"""The tables of a survey as a rule names them, opened for an export."""

from collections.abc import Mapping
from typing import Any

from camtrap.export.records import Survey
from camtrap.metadata.deployments import Stations, read_stations

__all__ = ["opened"]


def opened(inputs: Mapping[str, Any], params: Mapping[str, Any]) -> tuple[Survey, Stations | None]:
    """The survey and its table of stations.

    Parameters
    ----------
    inputs : mapping
        ``images``, ``crops``; where there are decisions ``labels``, ``label_info``; ``clusters`` where it is wanted.
    params : mapping
        ``species``, ``timezone``, ``stations``: the settings of these names.
    """
    tables = {name: inputs.get(name) for name in ("clusters", "labels", "label_info")}
    survey = Survey(inputs["images"], inputs["crops"], **tables, species=params["species"], zone=params["timezone"])
    return survey, read_stations(params["stations"]) if params["stations"] else None
