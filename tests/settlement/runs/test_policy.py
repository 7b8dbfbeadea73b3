import pytest

from gridpact.base.slots import Slots
from gridpact.settlement.periods.rules import Billing
from gridpact.settlement.runs.policy import DAY_S, kind_of, refusal
from gridpact.settlement.runs.run import Run

PERIOD = Slots(0, 900, 31 * 96)
BILLING = Billing(revised_days=30, final_days=100, correction_days=200)


def run(kind, days, number=1):
    return Run(
        number=number,
        period="1970-01",
        first_s=0,
        end_s=PERIOD.end,
        kind=kind,
        as_of_s=PERIOD.end + days * DAY_S,
        rules="",
        readings="",
        series={},
        sharing="",
        lines="",
        booked="",
    )


@pytest.mark.parametrize(
    ("kind", "days", "earlier", "said"),
    [
        ("initial", 1, [], None),
        ("initial", -1, [], "open until 1970-02-01"),
        ("revised", 40, [], "no run to revise"),
        ("revised", 40, [run("initial", 1)], None),
        ("initial", 40, [run("initial", 1)], "run 1 was the initial one"),
        ("final", 40, [run("initial", 1)], "final run is due from 1970-05-12"),
        ("final", 100, [run("initial", 1)], None),
        (
            "revised",
            120,
            [run("initial", 1), run("final", 100, 2)],
            "run 2 of the period was final",
        ),
        ("revised", 2, [run("initial", 3)], "knew the readings of"),
        ("revised", 199, [run("initial", 1)], None),
        ("revised", 200, [run("initial", 1)], "lawful until 1970-08-20"),
        ("initial", 500, [], None),
    ],
)
def test_what_may_be_run_when(kind, days, earlier, said):
    found = refusal(kind, PERIOD, PERIOD.end + days * DAY_S, earlier, BILLING)
    assert (found is None) == (said is None)
    assert found is None or said in found[0]


def test_the_run_that_is_due():
    at = [kind_of(PERIOD, PERIOD.end + days * DAY_S, [], BILLING) for days in (1, 99, 100)]
    assert at == ["initial", "initial", "final"]
    assert kind_of(PERIOD, PERIOD.end + DAY_S, [run("initial", 1)], BILLING) == "revised"


def test_the_hash_covers_every_field():
    one = run("initial", 1)
    import msgspec

    others = [
        msgspec.structs.replace(one, **{name: value})
        for name, value in (
            [(name, 7) for name in ("number", "first_s", "end_s", "as_of_s", "commit")]
            + [
                (name, "x")
                for name in ("period", "rules", "readings", "sharing", "lines", "booked")
            ]
            + [("kind", "final"), ("series", {"spot": "x"})]
        )
    ]
    assert len(others) == len(one.__struct_fields__)
    assert len({each.hash for each in [one, *others]}) == len(others) + 1
