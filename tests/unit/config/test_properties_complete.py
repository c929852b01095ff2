"""What holds for every configuration that a person may write: it is completed, or refused in one line."""

import copy
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camtrap.config.complete import complete, load_schema
from camtrap.core.errors import ConfigError

FIXED = settings(derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
SCHEMA = load_schema()
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**6), 10**6)
    | st.floats()
    | st.sampled_from(
        ["", "null", "1e-1", "0x1f", "2-10", "10-2", "yes", "~", "[1, 2", "{a: b}", "!!python/object:x", "1.5"]
    )
    | st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp")), max_size=8)
)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["", "a", "images", "k", "é"]) | st.integers(), inner, max_size=3)
    ),
    max_leaves=6,
)


def paths(schema: dict, prefix: tuple = ()) -> list[tuple]:
    """All keys of a schema."""
    found = []
    for key, inner in schema.get("properties", {}).items():
        found += [(*prefix, key), *paths(inner, (*prefix, key))]
    return found


def put(config: dict, path: tuple, value: object) -> None:
    for key in path[:-1]:
        inner = config.get(key)
        if not isinstance(inner, dict):
            inner = config[key] = {}
        config = inner
    config[path[-1]] = value


def schema_at(path: tuple) -> dict:
    inner = SCHEMA
    for key in path:
        inner = inner["properties"][key]
    return inner


def plausible(path: tuple) -> st.SearchStrategy:
    """A value that the schema allows at a key, or nearly."""
    inner = schema_at(path)
    if "enum" in inner:
        return st.sampled_from(inner["enum"])
    kinds = inner.get("type", "string")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    low = int(inner.get("minimum", 0)) or 1
    offers = {
        "integer": st.integers(low, low + 50),
        "number": st.floats(0.01, 0.99),
        "boolean": st.booleans(),
        "null": st.none(),
    }
    found = [offers[kind] for kind in kinds if kind in offers]
    return st.one_of(found) if found else st.just(copy.deepcopy(inner.get("default")))


LEAVES = [path for path in paths(SCHEMA) if "properties" not in schema_at(path)]


@st.composite
def configurations(draw, value=None):
    config: dict = {}
    for path in draw(st.lists(st.sampled_from(LEAVES), max_size=6, unique=True)):
        put(config, path, draw(plausible(path) if value is None else value))
    return config


def completed(config: dict) -> dict | None:
    """The completed configuration; None if it is refused in words."""
    refused = None
    try:
        return complete(config)
    except ConfigError as error:
        refused = str(error)
    assert refused.strip()
    assert "\n" not in refused
    return None


@given(configurations(anything) | anything)
@settings(FIXED, max_examples=150)
def test_whatever_is_written_is_completed_or_refused_in_words(config):
    """Never another error: a traceback would say nothing to whoever wrote the file."""
    if isinstance(config, dict):
        completed(config)


@given(configurations())
@settings(FIXED, max_examples=80)
def test_completing_twice_changes_nothing(config):
    once = completed(config)
    if once is not None:
        before = json.dumps(once)
        assert json.dumps(complete(json.loads(before))) == before


@given(configurations(), st.randoms(use_true_random=False))
@settings(FIXED, max_examples=80)
def test_the_order_of_keys_does_not_matter(config, random):
    def shuffled(value):
        if not isinstance(value, dict):
            return value
        keys = random.sample(list(value), len(value))
        return {key: shuffled(value[key]) for key in keys}

    other = shuffled(copy.deepcopy(config))
    one, two = completed(config), completed(other)
    assert json.dumps(one) == json.dumps(two)


@given(st.lists(st.sampled_from(LEAVES), max_size=5))
@settings(FIXED, max_examples=60)
def test_a_default_that_is_written_down_is_as_good_as_none(chosen):
    config: dict = {}
    for path in chosen:
        if "default" in schema_at(path):
            put(config, path, copy.deepcopy(schema_at(path)["default"]))
    assert json.dumps(completed(config)) == json.dumps(complete({}))
