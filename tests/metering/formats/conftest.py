"""Small files of readings and what is read from them."""

import pytest

from gridpact.base.errors import BadInput
from gridpact.metering.formats.files import read
from gridpact.metering.formats.mapping import parse


@pytest.fixture
def readings(tmp_path):
    """Read a file's content by a YAML mapping: ``readings(content, "time: t", name="a.csv")``."""

    def found(content, mapping="", name="readings.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read(path, parse(f"gridpact: 1\n{mapping}\n".encode(), "map.yaml"))

    return found


@pytest.fixture
def faults(readings):
    """Read a file that must be refused; return (line, where, problem) of each fault."""

    def found(content, mapping="", name="readings.csv"):
        with pytest.raises(BadInput) as caught:
            readings(content, mapping, name)
        assert all(fault.fix for fault in caught.value.faults)
        return [(fault.line, fault.where, fault.problem) for fault in caught.value.faults]

    return found


@pytest.fixture
def rows():
    """Values per channel as text, ``.`` for what is missing: ``{"bakery withdrawal": "1 . 3"}``."""

    def found(readings):
        intervals = readings.intervals
        return {
            f"{channel.point} {channel.register}": " ".join(
                str(wh) if mark else "."
                for wh, mark in zip(values.tolist(), marks.tolist(), strict=True)
            )
            for channel, values, marks in zip(
                intervals.channels, intervals.wh, intervals.quality, strict=True
            )
        }

    return found


@pytest.fixture
def told(tmp_path):
    """Read a text by a mapping as a whole that compares; the words of its faults if it is refused.

    ``told(text, mapping, (module, name))`` reads it without a quick way, the function of that name.
    """

    def found(text, mapping, without=None):
        path = tmp_path / "table.csv"
        path.write_bytes(text.encode())
        with pytest.MonkeyPatch.context() as patched:
            if without:
                patched.setattr(*without, lambda *_: None)
            try:
                intervals = read(path, mapping).intervals
            except BadInput as error:
                return str(error)
        columns = (intervals.wh.tolist(), intervals.quality.tolist())
        return intervals.channels, intervals.slots, *columns

    return found
