"""What is shipped of contracts is what their sources compile to."""

import importlib.util
import json
from hashlib import sha256
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PLACE = ROOT / "scripts" / "compile_contracts.py"
SPEC = importlib.util.spec_from_file_location("gridpact_contracts", PLACE)
SCRIPT = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(SCRIPT)
AGAIN = "run python scripts/compile_contracts.py and look at what it changes"


def kept(path):
    return (SCRIPT.ARTIFACTS / f"{path.stem}.json").read_text()


@pytest.mark.parametrize("path", SCRIPT.contracts(), ids=lambda path: path.stem)
def test_artifacts_are_of_these_sources(path):
    sources = [path, *sorted(SCRIPT.imported(path))]
    digest = sha256(b"".join(each.read_bytes() for each in sources)).hexdigest()
    assert json.loads(kept(path))["sources"] == digest, AGAIN


def test_every_contract_says_how_it_stops_and_is_upgraded():
    for path in SCRIPT.contracts():
        head = path.read_text().partition('"""')[2].partition('"""')[0].lower()
        for word in ("who may call", "stop", "upgraded"):
            assert word in head, f"{path.name}: {word}"


@pytest.mark.slow
@pytest.mark.parametrize("path", SCRIPT.contracts(), ids=lambda path: path.stem)
def test_interface_layout_and_code_are_as_they_were(path):
    assert SCRIPT.artifact(path) == kept(path), AGAIN
