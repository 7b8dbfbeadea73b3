"""What the tests of this folder share."""

import io

import numpy as np
import pytest

from gridpact.base.errors import BadInput
from gridpact.contracts.evaluate import Known
from gridpact.contracts.needs import ChoiceNeed, Needs, SeriesNeed
from gridpact.contracts.tables import read_world

NEEDS = Needs(
    (SeriesNeed("metered:generation", "Wh"), SeriesNeed("spot", "micro/kWh")),
    (ChoiceNeed("exercise", "1", "bakery", 3600),),
)


def _written(tmp_path, data, name="data.csv"):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def _plain(world):
    """A world as lists, None where absent."""
    found = {}
    for name, entry in world.items():
        known = entry if isinstance(entry, Known) else Known(entry, np.ones(entry.shape, bool))
        assert known.values.dtype == np.int64
        cells = np.where(known.present, known.values.astype(object), None)
        found[name] = cells.tolist()
    return found


def _refused(tmp_path, data, needs=NEEDS, name="data.csv", **more):
    """Faults of a table as texts, its path left out."""
    path = _written(tmp_path, data, name)
    with pytest.raises(BadInput) as told:
        read_world(path, needs, **more)
    return [str(fault).removeprefix(str(path)) for fault in told.value.faults]


def _parquet(frame):
    stream = io.BytesIO()
    frame.write_parquet(stream)
    return stream.getvalue()


@pytest.fixture(scope="session", name="written")
def given_written():
    return _written


@pytest.fixture(scope="session", name="plain")
def given_plain():
    return _plain


@pytest.fixture(scope="session", name="refused")
def given_refused():
    return _refused


@pytest.fixture(scope="session", name="parquet")
def given_parquet():
    return _parquet
