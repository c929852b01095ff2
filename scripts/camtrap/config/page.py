"""Write config/README.md from the schema: ``python -m camtrap.config.page``."""

import json

from camtrap.config.complete import SCHEMA, load_schema
from camtrap.core.files import write_text

HEAD = """# Configuration

A survey is set up in one line: `snakemake --cores 4 --config images=/path/to/pictures results=/path/to/results`.
For more, copy a file of this folder, change it and name it: `snakemake --cores 4 --configfile my.yaml`. What it leaves out keeps
the default. An unknown key is refused, with the nearest right one.
A survey keeps the defaults that it was made with, also where a newer version has others for new surveys, until its configuration
says otherwise.

| file | what it is |
|---|---|
| `config.yaml` | the defaults: MegaDetector v5a and ResNet-152 |
| `demo.yaml` | the simulated survey of `make demo`; nothing is downloaded |
| `yasuni.yaml` | the Yasuní notebooks' own way |
| `folders.yaml` | pictures sorted into folders, without a detector |
| `schema.yaml` | every key with its type, default and meaning; this page is written from it (`python -m camtrap.config.page`) |

What changes only the speed is not a key here; it is a resource of Snakemake: `--set-resources embed:batch_size=64`, `--resources gpu=4`
(see `profiles/README.md`).
"""


def table() -> str:
    """The whole page."""
    lines = [HEAD]
    schema = load_schema()
    top = [(key, inner) for key, inner in schema["properties"].items() if "properties" not in inner]
    lines.append(_section("General", "", top))
    for key, inner in schema["properties"].items():
        if "properties" in inner:
            lines += _sections(key, inner)
    return "\n".join(lines)


def _sections(key: str, schema: dict) -> list[str]:
    plain = [(name, inner) for name, inner in schema["properties"].items() if "properties" not in inner]
    lines = [_section(f"`{key}`", schema.get("description", ""), plain)]
    for name, inner in schema["properties"].items():
        if "properties" in inner:
            lines += _sections(f"{key}.{name}", inner)
    return lines


def _section(title: str, text: str, keys: list[tuple[str, dict]]) -> str:
    rows = [f"## {title}", *([text] if text else []), "", "| key | meaning | default | unit |", "|---|---|---|---|"]
    for name, inner in keys:
        default = json.dumps(inner.get("default"), ensure_ascii=False)
        description = inner.get("description", "").replace("|", "\\|")
        registered = {"x-registry"} & (inner.keys() | inner.get("items", {}).keys())
        if registered:
            names = [f"`{name}`" for name in inner.get("enum") or inner["items"]["enum"]]
            if not all(name in description for name in names):
                description += f" Known: {', '.join(names)}."
        if "x-before" in inner:
            before = json.dumps(inner["x-before"], ensure_ascii=False)
            description += f" (Surveys from before the default changed keep `{before}`.)"
        rows.append(f"| `{name}` | {description} | `{default}` | {inner.get('x-unit', '')} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    write_text(SCHEMA.parent / "README.md", table())
