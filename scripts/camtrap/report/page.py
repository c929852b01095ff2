"""Render the page: Jinja templates beside this file, everything from outside escaped."""

import base64
import hashlib
from pathlib import Path

import jinja2
from markupsafe import Markup

from camtrap.report import words

_FOLDER = Path(__file__).parent


def render(**context: object) -> str:
    """Return the page's HTML.

    Everything that comes from the survey is escaped by Jinja. The page forbids itself any network access and any script but its
    own (Content-Security-Policy), so that even a mistake here could not run what a file name holds.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    for name in ("number", "count", "date", "period", "percent"):
        environment.filters[name] = getattr(words, name)
    script = (_FOLDER / "page.js").read_text(encoding="utf-8").strip()
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    return environment.get_template("template.html").render(
        style=Markup((_FOLDER / "style.css").read_text(encoding="utf-8").strip()),
        script=Markup(script),
        script_hash=digest,
        **context,
    )
