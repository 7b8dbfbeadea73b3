"""The way in: a scenario file to a typed scenario, or every fault of it at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import resources
from pathlib import Path as FilePath

from gridpact.base.documents import (
    MAX_BYTES,
    Document,
    Path,
    Scalar,
    Value,
    parse,
    scalar,
)
from gridpact.base.errors import BadInput, Fault
from gridpact.simulation.scenarios import schema
from gridpact.simulation.scenarios.access import Group, count, entries, group, named, text
from gridpact.simulation.scenarios.agreements import sought, with_agreements
from gridpact.simulation.scenarios.checks import check_all
from gridpact.simulation.scenarios.checks_data import uses
from gridpact.simulation.scenarios.data import Wanted, attempt
from gridpact.simulation.scenarios.model import ColumnRef, Scenario, SessionRef
from gridpact.simulation.scenarios.read import read_sources, scenario
from gridpact.simulation.scenarios.sharing import with_sharing
from gridpact.simulation.scenarios.stores import is_store

DATA_ROOT = "GRIDPACT_DATA"


def default_path() -> FilePath:
    """Path of the packaged scenario of 30 homes."""
    return FilePath(str(resources.files(__package__).joinpath("defaults", "default.yaml")))


def load(
    path: str | FilePath,
    data_root: str | FilePath | None = None,
    overrides: Mapping[str, Value] | None = None,
    beside: FilePath | None = None,
) -> Scenario:
    """Read a scenario file.

    Parameters
    ----------
    path
        The YAML file.
    data_root
        Folder of the data files that are not beside the scenario; the environment variable
        ``GRIDPACT_DATA`` where it is None.
    overrides
        Values by dotted key, such as ``{"run.days": 3, "members.0.load": "none"}``, put in
        before anything is checked.
    beside
        Folder in which contracts and coefficients are sought first; that of the file where it is
        None, as it is not for a copy of a scenario.

    Raises
    ------
    BadInput
        Lists every fault with its line and its fix.
    """
    document = _open(FilePath(path))
    for key, value in (overrides or {}).items():
        _override(document, key, value)
    if document.value is None and document.faults:
        raise BadInput(document.faults)
    root = schema.fill(with_homes(schema.check(document)))
    check_all(document, root)
    data = str(data_root) if data_root else os.environ.get(DATA_ROOT)
    found = _find(document, root, FilePath(path), data)
    if document.faults:
        raise BadInput([*document.faults, *_data_faults(document, root, found)])
    beside = FilePath(path).parent if beside is None else beside
    made = with_sharing(scenario(root, str(path), found), root, beside, data)
    return with_agreements(made, root, beside, data)


def terms_files(path: FilePath, data_root: str | FilePath | None = None) -> dict[str, FilePath]:
    """Files of terms that a scenario without faults names, by the key that names them."""
    value = _open(path).value
    root = value if isinstance(value, dict) else {}
    data = str(data_root) if data_root else os.environ.get(DATA_ROOT)
    named = {"sharing.contract": text(group(root, "sharing"), "contract")}
    for place, node in entries(root, "agreements"):
        named[f"agreements.{place}.contract"] = text(node, "contract")
    return {key: sought(name, path.parent, data) for key, name in named.items() if name}


def _data_faults(document: Document, root: Group, found: dict[str, str]) -> list[Fault]:
    """Faults of those data files that are declared soundly, although the scenario is not."""
    sound = {
        name: path
        for name, path in found.items()
        if not any(fault.where.startswith(f"sources.{name}.") for fault in document.faults)
    }
    series, sessions, stores = read_sources(root, sound)
    in_use = list(uses(root))
    want = Wanted(
        series=series,
        sessions=sessions,
        columns=frozenset(
            ColumnRef(use.source, use.column) for use in in_use if use.what != "sessions"
        ),
        users=frozenset(
            SessionRef(use.source, use.column) for use in in_use if use.what == "sessions"
        ),
        step_s=count(group(root, "community"), "slot_minutes") * 60,
        run=None,
        stores=stores,
    )
    return attempt(want)[1]


def with_homes(root: Group) -> Group:
    """A scenario that names nobody gets generated homes."""
    if "members" not in root and "generate" not in root:
        return {**root, "generate": {}}
    return root


def parse_override(argument: str) -> tuple[str, Scalar]:
    """Split a command-line text such as ``run.days=3`` into key and value.

    Raises :class:`ValueError` where there is no ``=``.
    """
    key, sign, value = argument.partition("=")
    if not sign or not key.strip():
        raise ValueError(f"'{argument}' is not of the form key=value")
    return key.strip(), scalar(value.strip())


def _open(path: FilePath) -> Document:
    document = Document(str(path))
    try:
        with path.open("rb") as stream:
            return parse(stream.read(MAX_BYTES + 1), str(path))
    except OSError as error:
        problem = f"the scenario cannot be read: {error.strerror or error}"
        document.fault((), problem, "give the name of a readable YAML file")
        return document


def _override(document: Document, key: str, value: Value) -> None:
    """Put a value in place; lists are entered by position, missing groups are made."""
    parts = tuple(int(part) if part.isdigit() else part for part in key.split("."))
    node = document.value
    for part in parts[:-1]:
        if isinstance(node, dict):
            node = node.setdefault(str(part), {})
        elif isinstance(node, list) and isinstance(part, int) and part < len(node):
            node = node[part]
    last = parts[-1]
    if isinstance(node, dict):
        node[str(last)] = value
    elif isinstance(node, list) and isinstance(last, int) and last < len(node):
        node[last] = value
    elif document.value is not None:
        document.fault((), f"the override {key} fits nowhere", "name a key of the scenario")


def _find(
    document: Document, root: Group, path: FilePath, data_root: str | FilePath | None
) -> dict[str, str]:
    """Path of each source's file: beside the scenario, else in the data folder."""
    found: dict[str, str] = {}
    for name, source in named(root, "sources"):
        file, what = text(source, "file"), "data file"
        places = [path.parent / file, *([FilePath(data_root) / file] if data_root else [])]
        existing = [place for place in places if place.is_file()]
        if text(source, "kind") == "readings":
            if "://" in file:
                found[name] = file
                continue
            what, existing = "store of readings", [each for each in places if is_store(each)]
        if existing:
            found[name] = str(existing[0])
            continue
        where: Path = ("sources", name, "file")
        tried = " or ".join(str(place) for place in places)
        fix = "correct the name" if data_root else f"correct it, or set {DATA_ROOT} to its folder"
        document.fault(where, f"there is no {what} {tried}", fix)
    return found
