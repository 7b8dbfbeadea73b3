"""The scenario's JSON Schema: checking all of a document at once, defaults, reference page."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, TypeAlias

from gridpact.base.documents import Document, Path, Value
from gridpact.simulation.scenarios.words import explain

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

Schema: TypeAlias = "dict[str, Value]"


@lru_cache(maxsize=1)
def schema() -> Schema:
    """Return the published schema (JSON Schema 2020-12)."""
    text = resources.files(__package__).joinpath("scenario.schema.json").read_text("utf-8")
    loaded: Schema = json.loads(text)
    return loaded


@lru_cache(maxsize=1)
def _validator() -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema())


def check(document: Document) -> dict[str, Value]:
    """Note everything the schema refuses, and return the document without those parts.

    What is left is valid, so that cross-checks can find their faults in the same go. A refused
    item of a list leaves ``None`` in its place, so that the others keep their positions.
    """
    left = _copy(document.value)
    if not isinstance(left, dict):
        document.fault((), "a scenario is a mapping of keys", "begin with: gridpact: 1")
        return {"gridpact": 1}
    gone: set[Path] = set(document.spoilt)
    for path in document.spoilt:
        _remove(left, path)
    for again in range(30):  # pruning may uncover more, such as an item that now lacks its id
        found = {
            finding
            for error in _validator().iter_errors(left)
            for finding in explain(error)
            if finding[0] not in gone
        }
        if not found:
            break
        for path, problem, fix in found if not again else ():
            document.fault(path, problem, fix)
        for path, _, _ in found:
            gone.add(path)
            _remove(left, path)
        left.setdefault("gridpact", 1)
    return left


def _copy(value: Value) -> Value:
    """Copy containers, also those that aliases share."""
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copy(item) for item in value]
    return value


def _remove(value: Value, path: Path) -> None:
    """Take one part out of a document, if it is still there."""
    for part in path[:-1]:
        value = _step(value, part)
    last = path[-1] if path else None
    if isinstance(value, dict) and last in value:
        del value[str(last)]
    elif isinstance(value, list) and isinstance(last, int) and last < len(value):
        value[last] = None


def _step(value: Value, part: str | int) -> Value:
    if isinstance(value, dict):
        return value.get(str(part))
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return value[part]
    return None


def fill(value: dict[str, Value]) -> dict[str, Value]:
    """Return a valid document with every default of the schema written out."""
    filled = _fill(value, schema())
    assert isinstance(filled, dict)  # noqa: S101 - the root is a mapping
    return filled


def _resolve(node: Schema, value: Value) -> Schema:
    """Follow references, and for an asset the choice that its kind makes."""
    while "$ref" in node:
        node = _definition(str(node["$ref"]).rsplit("/", 1)[-1])
    if "allOf" in node and isinstance(value, dict):
        return _definition(str(value["kind"]))
    return node


def _definition(name: str) -> Schema:
    found = schema()["$defs"]
    assert isinstance(found, dict)  # noqa: S101 - the schema is ours
    node = found[name]
    assert isinstance(node, dict)  # noqa: S101 - the schema is ours
    return node


def _fill(value: Value, node: Schema) -> Value:
    node = _resolve(node, value)
    if isinstance(value, list):
        items = node.get("items")
        return [_fill(item, items) for item in value] if isinstance(items, dict) else value
    if not isinstance(value, dict):
        return value
    known = node.get("properties") or {}
    others = node.get("additionalProperties")
    assert isinstance(known, dict)  # noqa: S101 - the schema is ours
    filled = dict(value)
    for key, part in known.items():
        if key not in filled and isinstance(part, dict) and "default" in part:
            filled[key] = _copy(part["default"])
    for key, item in filled.items():
        part = known.get(key, others)
        filled[key] = _fill(item, part) if isinstance(part, dict) else item
    return filled
