"""Mutations: of bytes, and of JSON as the tree that it is (random bytes seldom come beyond its parser)."""

import copy
import json
from collections.abc import Iterator
from random import Random

ODD = [
    None, True, False, 0, 1, -1, 2**31, 2**64, -(10**400), 0.5, 1e308, float("nan"), float("inf"), "", " ", "0", "1", "-1", "nan",
    "animal", "\ud800", "\0", "a" * 300, "../../x.jpg", "C:\\a.jpg", [], [[]], {}, {"a": []}, [0, 0, 1, 1], [None] * 4, ["x"],
]  # fmt: skip
WORDS = [
    "file", "images", "detections", "category", "conf", "bbox", "annotations", "img_id", "image_id", "id", "predictions", "filepath",
    "failure", "failures", "frames_processed", "frame_number", "classifications", "categories", "info", "dot", "instances", "label",
]  # fmt: skip


def mutate(target: str, data: bytes, rng: Random) -> bytes:
    """One or several mutations of a file."""
    for _ in range(rng.choice([1, 1, 2, 4])):
        as_tree = target == "detections" and rng.random() < 0.9
        data = of_json(data, rng) if as_tree else of_bytes(data, rng)
    return data


def of_json(data: bytes, rng: Random) -> bytes:
    """Exchange, remove, double or move a random part of a JSON tree."""
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError):
        return of_bytes(data, rng)
    places = list(_places(tree))
    if not places:
        return json.dumps(rng.choice(ODD)).encode()
    parent, key = rng.choice(places)
    how = rng.randrange(6)
    if how == 0:
        parent[key] = copy.deepcopy(rng.choice(ODD))
    elif how == 1:
        del parent[key]
    elif how == 2:
        other, at = rng.choice(places)
        parent[key] = copy.deepcopy(other[at])
    elif how == 3 and isinstance(parent, dict):
        parent[rng.choice(WORDS)] = parent.pop(key)
    elif how == 4 and isinstance(parent, list):
        parent.insert(rng.randrange(len(parent) + 1), copy.deepcopy(rng.choice([parent[key], *ODD])))
    else:
        parent[key] = [parent[key]] if rng.random() < 0.5 else {rng.choice(WORDS): parent[key]}
    return json.dumps(tree).encode()


def _places(tree: object) -> Iterator[tuple]:
    keys = tree.keys() if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    for key in list(keys):
        yield tree, key
        yield from _places(tree[key])


def of_bytes(data: bytes, rng: Random) -> bytes:
    """Flip, overwrite, cut, double or insert bytes; numbers of two and four bytes get odd values."""
    if not data:
        return rng.randbytes(rng.randint(1, 8))
    changed, at = bytearray(data), rng.randrange(len(data))
    how = rng.randrange(7)
    if how == 0:
        changed[at] ^= 1 << rng.randrange(8)
    elif how == 1:
        changed[at] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, 0x22, 0x2C, 0x0A, 0x3B])
    elif how == 2:
        width = rng.choice([2, 4])
        value = rng.choice([0, 1, 2 ** (8 * width) - 1, 2 ** (8 * width - 1), rng.getrandbits(8 * width)])
        changed[at : at + width] = value.to_bytes(width, rng.choice(["little", "big"]))
    elif how == 3:
        del changed[at:]
    elif how == 4:
        del changed[at : at + rng.randint(1, 16)]
    elif how == 5:
        changed[at:at] = changed[at : at + rng.randint(1, 64)]
    else:
        changed[at:at] = rng.randbytes(rng.randint(1, 8))
    return bytes(changed[:200_000])
