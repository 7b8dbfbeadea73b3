"""The sharing rules of a book: they fit it, and allocate as they do by themselves."""

import pytest

from gridpact.settlement.lines import received

SHARING = """\
gridpact: sharing/1
timezone: Europe/Berlin
slot_minutes: 60
key: static
members:
  - {point: bakery, role: consumer, share_percent: 60}
  - {point: school, role: prosumer}
"""
TERMS = """\
gridpact: contract/1
currency: EUR
parties: [community, member]
series: {'sharing:need': Wh}
define: {all: "total(sharing:need)"}
terms:
  - deliver: {quantity: all, giver: community, taker: member, asset: energy}
"""
CONTRACT = """\
contracts:
  - name: sharing
    product: sharing-key
    with: {member: member, community: lane, key: static.v1}
"""
CHANGES = (
    ("series: {spot", "sharing: sharing.yaml\nseries: {shared:price: prices.csv, spot"),
    ("contracts:\n", CONTRACT),
)


def prices(lane):
    columns = ("spot", "imbalance:price", "shared:price")
    return lane.table({name: lambda slot: 150_000 for name in columns})


def test_shared_energy_is_allocated_by_the_rules_key(lane):
    (lane.folder / "sharing.yaml").write_text(SHARING)
    made = lane.settle(*CHANGES, prices=prices(lane))
    shared = {
        made.lines.owners[made.lines.owner[row]]: (int(made.lines.energy_wh[row]), head.payer)
        for row in range(len(made.lines))
        if (head := made.lines.heads[made.lines.head[row]]).clause == "sharing"
    }
    # 800 Wh are over in six hours a day; 60 % of them are less than the bakery's need
    assert shared == {"bakery": (12 * 480, "member"), "school": (12 * 480, "lane")}
    assert not any(sum(table.values()) for table in received(made.lines).values())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("point: school", "point: scholl", "no member of the book has this metering point"),
        ("slot_minutes: 60", "slot_minutes: 15", "slots of 900 s, and the book's are of 3600 s"),
        ("key: static", "registers: gross\nkey: static", "a book nets the registers"),
        ("key: static", "key: contract\ncontract: terms.yaml", "and this one counts over many"),
        ("key: static", "key: statik", "'statik' is none of those there are"),
    ],
)
def test_sharing_rules_that_do_not_fit_are_refused(lane, old, new, said):
    (lane.folder / "terms.yaml").write_text(TERMS)
    (lane.folder / "sharing.yaml").write_text(SHARING.replace(old, new))
    told = lane.faults(*CHANGES, prices=prices(lane))
    assert any(said in each for each in told)
