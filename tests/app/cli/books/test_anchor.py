"""A book on a ledger from the command line: anchored, proved, verified, closed."""

import json

import pytest

DAY = ("--period", "2026-03-29")
HERE = ("--ledger", "l", "--custody", "c")
ACT = ("--as", "lane-community=op.key", "--seal", "a.key", "--why", "month")


@pytest.fixture
def kept(lane):
    """A book with a settled day, and a ledger that knows its operator and members."""
    lane.imported("march-29-corrected", "2026-04-02T09:30")
    begin = ("--name", "lane", "--as", "auth=a.key")
    join = ("--as", "auth=a.key", "--why", "joins", "--role")
    for line in (
        ("books", "init", "book", "--rules", "rules/rules.yaml"),
        ("settle", "book", *DAY, "--as-of", "2026-04-03T00:00"),
        ("authority", "key", "a.key"),
        ("authority", "key", "op.key"),
        ("ledger", "init", "l", *begin),
        ("member", "authorise", "l", "lane-community", "--key", "op.pub", *join, "operator"),
        *(
            ("member", "authorise", "l", name, *join, "member")
            for name in ("bakery", "school", "power-co", "grid-co", "state")
        ),
    ):
        done = lane.run(*line)
        assert (done.code, done.err) == (0, "")
    return lane


def read(done):
    assert (done.code, done.err) == (0, "")
    return json.loads(done.out)


def test_a_day_is_anchored_proved_and_closed(kept):
    run = kept.run
    refused = run("books", "anchor", "book", *HERE, *ACT)
    assert refused.code == 2
    for name in ("bakery", "lane-community", "school"):
        assert f"custody: {name}: there is no secret" in refused.err
    done = run("books", "anchor", "book", *HERE, "--draw", *ACT)
    assert (done.code, "book: 1 run on the ledger, by lane-community" in done.out) == (0, True)
    assert run("books", "anchor", "book", *HERE, *ACT).out == "every run is on the ledger\n"
    done = run("books", "verify", "book", *HERE, *DAY)
    assert (done.code, "gives what is on the ledger\n" in done.out) == (0, True)
    asked = ("--member", "school", "--kind", "readings", "--day", "2026-03-29", "--out", "p.proof")
    found = read(run("books", "prove", "book", *HERE, *DAY, *asked, "--json"))
    checked = run("ledger", "check", "p.proof", "--root", found["root"])
    assert "known in 92 of 92 slots" in checked.out
    done = run("books", "anchor", "book", *HERE, *ACT, "--close")
    assert (done.code, "book: 0 runs on the ledger, 2026-03-29 is closed, by" in done.out) == (
        0,
        True,
    )
    kept.imported("march-29-corrected", "2026-05-01T00:00", changed=("0,196", "0,996"))
    assert run("correct", "book", *DAY, "--as-of", "2026-05-02T00:00").code == 0
    refused = run("books", "anchor", "book", *HERE, *ACT)
    assert (refused.code, "run 2: 2026-03-29 is final" in refused.err) == (2, True)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("books verify book --ledger l", "a ledger is read with the secrets"),
        ("books verify book --period 2026-03-29", "a ledger is read with the secrets"),
        ("books anchor book --ledger nowhere --custody c --as x=op.key --why x", "holds no ledger"),
        (
            "books prove book --ledger l --custody c --period x --member x --day x --out p",
            "readings are proved by the day",
        ),
        (
            "books prove book --ledger l --custody c --period 2026-04 --member x --out p",
            "there is no run of 2026-04",
        ),
        (
            "books prove book --ledger l --custody c --period 2026-03-29 --member school --out p",
            "is not on the ledger",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name(kept, line, words):
    done = kept.run(*line.split())
    assert (done.code, done.out) == (2, "")
    assert words in done.err
