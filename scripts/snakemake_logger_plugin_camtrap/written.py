"""Whether a YAML file of the configuration says what its writer meant: text, in the syntax, and each key once."""

import json
import os
from collections.abc import Iterator

import yaml

__all__ = ["unusable"]


def unusable(file: str) -> str | None:
    """What is wrong with a file of the configuration, in one line; None if nothing is.

    Of a key that stands twice YAML takes the last one and says nothing: half of what was written would not count.
    """
    if not os.path.exists(file):
        return f"there is no such file in {os.getcwd()}; look at its path"
    if os.path.isdir(file):
        return "a folder, not a file"
    if not os.path.isfile(file):
        return "a pipe or a device, not a file"
    try:
        with open(file, "rb") as stream:
            data = stream.read()
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return f"line {line} is not text in UTF-8: save it as UTF-8"
    try:
        json.loads(text)
    except ValueError:
        return _of_yaml(text)
    return None


def _of_yaml(text: str) -> str | None:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1} " if mark else ""
        tab = " (a tab: write blanks instead)" if "'\\t'" in str(error.problem) else ""
        return f"{line}is not YAML: {error.problem}{tab}"
    except yaml.YAMLError as error:
        return f"it is not YAML: {' '.join(str(error).split())}"
    if not isinstance(node, yaml.MappingNode):
        return "it has no keys (write them like images: /path/to/pictures)"
    if "__use_yte__" in text:  # a template: its keys are made
        return None
    for key, first, again in _twice(node):
        return f"{key} stands in line {first} and again in line {again}, and only the last counts: write one of them"
    return None


def _twice(top: yaml.Node) -> Iterator[tuple[str, int, int]]:
    """Keys that stand twice in one mapping, with both lines."""
    pending: list[yaml.Node] = [top]
    seen: set[int] = set()  # an alias is the same node
    while pending:
        node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            pending += node.value
        elif isinstance(node, yaml.MappingNode):
            lines: dict[str, int] = {}
            for key, value in node.value:
                line = key.start_mark.line + 1
                if isinstance(key, yaml.ScalarNode) and key.value in lines:
                    yield key.value, lines[key.value], line
                if isinstance(key, yaml.ScalarNode):
                    lines[key.value] = line
                pending.append(value)
