"""Small files and short mappings."""

import pytest

from gridpact.base.errors import BadInput
from gridpact.metering.importers.mapping import Column, Mapping
from gridpact.metering.importers.table import read


@pytest.fixture
def csv(tmp_path):
    """Write a CSV file and map it: ``csv(text, unit="kWh", columns=("a",), **mapping)``."""

    def mapped(content, unit="kWh", columns=("a",), **more):
        path = tmp_path / "data.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        wanted = tuple(Column(name, name, unit) for name in columns)
        return Mapping(path=str(path), label="data.csv", time_column="t", columns=wanted, **more)

    return mapped


@pytest.fixture
def faults():
    """Read a mapping that must be refused; return (line, where, problem) of each fault."""

    def found(mapping, step_s=900, reader=read):
        with pytest.raises(BadInput) as caught:
            reader(mapping, step_s)
        assert all(fault.fix for fault in caught.value.faults)
        return [(fault.line, fault.where, fault.problem) for fault in caught.value.faults]

    return found
