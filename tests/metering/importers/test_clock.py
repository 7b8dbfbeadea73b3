"""Instants of naive local times against the calendar's own, one by one."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.metering.importers.clock import NEVER, OK, TWICE, instants, zone_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)


def one_by_one(local, zone):
    """Earlier and later instant of a naive second, and whether it occurred once, twice or never."""
    naive = EPOCH + timedelta(seconds=local)
    first, second = (int(naive.replace(tzinfo=zone, fold=fold).timestamp()) for fold in (0, 1))
    return first, second, OK if first == second else TWICE if first < second else NEVER


@given(
    st.sampled_from(("Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "UTC+10")),
    st.lists(st.integers(-3, 400), min_size=1, max_size=4),
    st.integers(5, 119),
    st.randoms(),
)
@settings(deadline=None, max_examples=60)
def test_a_column_is_read_as_each_of_its_times(name, days, minutes, random):
    zone = zone_of(name)
    changes = (datetime(2026, 3, 28), datetime(2017, 10, 14), datetime(1969, 12, 31))  # noqa: DTZ001
    begin = int((random.choice(changes) - EPOCH).total_seconds())
    local = [
        begin + day * 86400 + second for day in days for second in range(0, 2 * 86400, minutes * 60)
    ]
    random.shuffle(local)
    found = instants(np.array(local), zone)
    assert [tuple(map(int, each)) for each in zip(*found, strict=True)] == [
        one_by_one(each, zone) for each in local
    ]


def test_no_times_at_all():
    assert all(not len(each) for each in instants(np.zeros(0, np.int64), zone_of("Europe/Berlin")))


@pytest.mark.parametrize(("hour", "state"), [(1, OK), (2, NEVER), (3, OK)])
def test_the_hour_that_spring_skips(hour, state):
    local = int((datetime(2026, 3, 29, hour, 30) - EPOCH).total_seconds())  # noqa: DTZ001
    assert instants(np.array([local]), zone_of("Europe/Berlin"))[2].tolist() == [state]
