"""Who and what is where."""

import numpy as np
import pytest

from gridpact.scheduling.needs.directory import Asset, Directory, Unclear, directory_of
from gridpact.scheduling.needs.model import Assets, Group


def names(directory, subject, owner):
    return [directory.assets[row].id for row in directory.rows(subject, owner)]


@pytest.mark.parametrize(
    ("subject", "owner", "expected"),
    [
        (Assets(("car-12", "car-11")), "home-1", ["car-12", "car-11"]),
        (Assets(("battery",)), "home-1", ["battery-1"]),
        (Assets(("car",)), "home-2", ["car-21"]),
        (Assets(("car-21",)), "dso", ["car-21"]),
        (Group("tag", ("garage",)), "home-1", ["car-11", "car-12"]),
        (Group("kind", ("car",)), "home-1", ["car-11", "car-12"]),
        (Group("kind", ("car",)), "dso", ["car-11", "car-12", "car-21"]),
        (Group("zone", ("TR",)), "dso", ["car-21"]),
        (Group("zone", ("top",)), "home-2", ["car-21"]),
        (Group("postcode", ("10115",)), "home-1", ["car-11", "car-12"]),
        (Group("transformer", ("T7",)), "dso", ["car-21"]),
        (Group("community"), "home-2", ["car-21"]),
    ],
)
def test_a_subject_is_these_assets(subject, owner, expected, directory):
    assert names(directory, subject, owner) == expected


def test_everything_is_an_operators_community(directory):
    assert names(directory, Group("community"), "dso") == [one.id for one in directory.assets]


def test_someone_elses_asset_is_told_as_one_that_does_not_exist(directory):
    without = tuple(one for one in directory.assets if one.id != "car-21")
    found = directory.rows(Assets(("car-21",)), "home-1")
    assert found == Directory(without, directory.zones).rows(Assets(("car-21",)), "home-1")
    assert isinstance(found, Unclear)
    assert found.problem.startswith("you have no asset 'car-21'; did you mean car-1")


def test_one_without_assets_is_told_so(directory):
    found = directory.rows(Assets(("car",)), "home-9")
    assert found == Unclear(0, "you have no asset 'car'", "register an asset first")


def test_many_choices_are_cut_short():
    rows = tuple(Asset(id=f"car-{n:02}", owner="fleet", kind="car") for n in range(30))
    found = Directory(rows, {}).rows(Assets(("car",)), "fleet")
    assert isinstance(found, Unclear)
    assert found.fix.endswith("car-07 and 22 more, or write kind car for all")


def test_the_directory_of_a_community(small_community):
    community = small_community(
        zones=((-1, -1, -1), (0, -1, -1)),
        zone=np.array([1, 1, 0]),
        pv=((0, 5_000), (2, 7_000)),
        storage=(
            ("battery", 1, 4_000, 3_000, 9_000, 0.95, 0.95, 1.0),
            ("car", 2, 11_000, 0, 60_000, 0.9, 1.0, 1.0),
        ),
        runs=((0, 2_000, 7_200, 32_400, 61_200),),
    )
    directory = directory_of(community)
    expected = [*community.pv.ids, *community.storage.ids, *community.runs.ids]
    assert [one.id for one in directory.assets] == sorted(expected)
    for row, name in enumerate(community.storage.ids):
        one = directory.assets[directory.by_id[name]]
        member = community.storage.member[row]
        assert one.owner == community.members.ids[member]
        assert one.zone == one.feeder == community.zones.ids[community.members.zone[member]]
        assert one.kind == community.storage.kind[row]
        assert one.capacity_wh == community.storage.capacity_wh[row]
        assert one.discharge_w == community.storage.discharge_w[row]
    assert len(directory.assets) == 5
    top = Group("zone", tuple(z for z, above in directory.zones.items() if not above))
    all_rows = np.arange(len(directory.assets))
    np.testing.assert_array_equal(directory.rows(top, community.parties.dso), all_rows)
    assert directory.operators == {
        community.parties.operator,
        community.parties.dso,
        community.parties.authority,
    }
