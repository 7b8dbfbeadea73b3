"""What the tests of this folder share."""

import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
EXAMPLES = ROOT / "examples" / "contracts"


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """An own copy of the example contracts as the working directory."""
    for path in EXAMPLES.iterdir():
        shutil.copy(path, tmp_path / path.name)
    monkeypatch.chdir(tmp_path)
    for name in ("GRIDPACT_DEBUG", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def _done(call):
    """A command that succeeded: what it printed."""
    assert (call.code, call.err) == (0, "")
    assert "\x1b" not in call.out
    assert all(line == line.rstrip() for line in call.out.splitlines())
    return call.out


def _refused(call, desk, before):
    """A command that was refused: its faults; nothing was written."""
    assert (call.code, call.out) == (2, "")
    head, *faults = call.err.splitlines()
    more = [re.search(r"\(and on (\d+) more lines\)", fault) for fault in faults]
    count = len(faults) + sum(int(found[1].replace(",", "")) for found in more if found)
    assert head == f"error: {count} fault{'s' * (count != 1)}; nothing was changed"
    assert all(re.fullmatch(r"  \S.*: .+ Fix: .+\.", fault) for fault in faults)
    assert _tree(desk) == before
    return [fault.strip() for fault in faults]


def _tree(place):
    return {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}


def _row(text, start):
    """Cells of the one line that begins with some words."""
    (line,) = [line for line in text.splitlines() if line.startswith(start)]
    return re.split(r"  +", line)


def _keys(called):
    """Make a key for each party; return the addresses."""
    return {
        party: _done(called("contract", "key", "new", f"{party}.key")).strip()
        for party in ("solar-park", "bakery")
    }


@pytest.fixture(scope="session", name="done")
def given_done():
    return _done


@pytest.fixture(scope="session", name="refused")
def given_refused():
    return _refused


@pytest.fixture(scope="session", name="tree")
def given_tree():
    return _tree


@pytest.fixture(scope="session", name="row")
def given_row():
    return _row


@pytest.fixture(scope="session", name="keys")
def given_keys():
    return _keys
