"""Rules, tables of readings and commands, for tests of sharing."""

import csv
from pathlib import Path
from typing import NamedTuple

import pytest

from gridpact.app.cli.commands import run_command

CASES = Path(__file__).parents[2] / "cases" / "sharing"


class Called(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def called(capsys):
    """Run a command in this process."""

    def call(*arguments):
        code = run_command([str(each) for each in arguments])
        return Called(code, *capsys.readouterr())

    return call


@pytest.fixture(scope="session")
def cases():
    return CASES


@pytest.fixture
def write(tmp_path):
    """Write a file beside the others of a test, and return its path."""

    def written(name, text):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return written


@pytest.fixture
def table():
    """Rows of a CSV file as dictionaries."""

    def read(path):
        with path.open(newline="", encoding="utf-8") as stream:
            return list(csv.DictReader(stream))

    return read
