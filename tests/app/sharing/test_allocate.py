import json
import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

PARIS = ZoneInfo("Europe/Paris")
RULES = """gridpact: sharing/1
timezone: Europe/Paris
key: default-dynamic
members:
  - {point: bakery, role: consumer}
  - {point: home, role: prosumer}
  - {point: park, role: producer}
"""
COLUMNS = ("bakery:withdrawal", "home:withdrawal", "home:injection", "park:injection")


def starts(first, last):
    """Quarter-hours from a local midnight to another."""
    begin, end = (
        datetime.fromisoformat(day).replace(tzinfo=PARIS).astimezone(UTC) for day in (first, last)
    )
    return [
        begin + timedelta(minutes=15 * each)
        for each in range((end - begin) // timedelta(minutes=15))
    ]


def readings(first, last, columns=COLUMNS):
    """A table whose values follow from the slot's number."""
    lines = [",".join(["slot_start", *columns])]
    for at, start in enumerate(starts(first, last)):
        values = [(at * (7 + place) + place) % (50 * (place + 1)) for place in range(len(columns))]
        lines.append(",".join([start.isoformat(), *map(str, values)]))
    return "\n".join(lines) + "\n"


@pytest.fixture
def rules(write):
    return write("rules.yaml", RULES)


@pytest.mark.parametrize(
    ("day", "after", "slots"),
    [
        ("2026-03-29", "2026-03-30", 92),
        ("2026-06-15", "2026-06-16", 96),
        ("2026-10-25", "2026-10-26", 100),
    ],
)
def test_days_of_92_96_and_100_slots(called, rules, write, table, tmp_path, day, after, slots):
    source = write("readings.csv", readings(day, after))
    out = tmp_path / "out"
    done = called("allocate", source, "--rules", rules, "--period", day, "--out", out, "--json")
    assert done.code == 0, done.err
    summary = json.loads(done.out)["summary"]
    assert (summary["slots"], summary["balanced"]) == (slots, True)
    rows = table(out / "allocation.csv")
    assert len({row["slot_start"] for row in rows}) == slots
    assert rows[0]["slot_start"].startswith(f"{day}T00:00:00+0")
    # Pro rata to need, by fractions: nobody is more than a Wh off.
    for start in {row["slot_start"] for row in rows}:
        here = [row for row in rows if row["slot_start"] == start]
        produced, needed = (
            sum(int(row[name]) for row in here) for name in ("produced_wh", "needed_wh")
        )
        share = Fraction(min(produced, needed), max(needed, 1))
        for row in here:
            assert abs(int(row["received_wh"]) - share * int(row["needed_wh"])) < 1
        received = sum(int(row["received_wh"]) for row in here)
        assert received == produced - sum(int(row["surplus_wh"]) for row in here)


def test_a_month_of_them_in_words(called, rules, write):
    source = write("readings.csv", readings("2026-10-01", "2026-11-01"))
    done = called("allocate", source, "--rules", rules, "--period", "2026-10")
    assert done.code == 0, done.err
    assert "2026-10-01T00:00:00+02:00 to 2026-11-01T00:00:00+01:00, 2,980 slots" in done.out
    assert "what was given was received, in every slot" in done.out


def test_gross_registers_and_net_ones(called, write, tmp_path):
    day = readings("2026-06-15", "2026-06-16")
    source, totals = write("readings.csv", day), {}
    for registers in ("net", "gross"):
        rules = write(f"{registers}.yaml", RULES + f"registers: {registers}\n")
        done = called("allocate", source, "--rules", rules, "--period", "2026-06-15", "--json")
        totals[registers] = json.loads(done.out)["summary"]["total"]
    netted = totals["gross"]["produced_wh"] - totals["net"]["produced_wh"]
    assert netted == totals["gross"]["needed_wh"] - totals["net"]["needed_wh"] > 0


def test_producers_in_order_give_all_first(called, write, tmp_path, table):
    rules = write("rules.yaml", RULES + "split: in-order\n")
    source = write("readings.csv", readings("2026-06-15", "2026-06-16"))
    done = called("allocate", source, "--rules", rules, "--period", "2026-06-15", "--out",
                  tmp_path / "out", "--by-producer")  # fmt: skip
    assert done.code == 0, done.err
    by_slot = {}
    for row in table(tmp_path / "out" / "allocation.csv"):
        by_slot.setdefault(row["slot_start"], {})[row["point"]] = row
    for points in by_slot.values():  # home stands before the park in the rules
        if int(points["park"]["given_wh"]):
            assert points["home"]["surplus_wh"] == "0"
    gifts = table(tmp_path / "out" / "by_producer.csv")
    given = sum(int(row["wh"]) for row in gifts)
    assert given == sum(int(row["given_wh"]) for each in by_slot.values() for row in each.values())
    assert {row["producer"] for row in gifts} <= {"home", "park"}


@pytest.mark.parametrize("split", ["pro-rata", "in-order"])
def test_batteries_give_to_consumers_only(called, write, tmp_path, table, split):
    """In the third slot 1000 Wh are produced, and 500 discharged beside charging of 2000."""
    points = (
        "c:withdrawal",
        "p:injection",
        "b1:withdrawal",
        "b1:injection",
        "b2:withdrawal",
        "b2:injection",
    )
    slots = [(1000, 0, 0, 500, 500, 0), (0, 1000, 2000, 0, 0, 0), (100, 1000, 2000, 0, 0, 500)]
    lines = [",".join(("slot_start", *points))]
    for start, row in zip(starts("2026-03-01", "2026-03-02"), slots * 32, strict=True):
        lines.append(",".join((start.isoformat(), *map(str, row))))
    source = write("readings.csv", "\n".join(lines) + "\n")
    members = "\n".join(
        f"  - {{point: {point}, role: {role}}}"
        for point, role in (
            ("b2", "storage"),
            ("b1", "storage"),
            ("p", "producer"),
            ("c", "consumer"),
        )
    )
    head = f"gridpact: sharing/1\ntimezone: Europe/Paris\nkey: default-dynamic\nsplit: {split}\n"
    rules = write("stores.yaml", f"{head}registers: gross\nmembers:\n{members}\n")
    out = tmp_path / "out"
    args = ("--rules", rules, "--period", "2026-03-01", "--out", out, "--by-producer")
    done = called("allocate", source, *args)
    assert done.code == 0, done.err
    third = starts("2026-03-01", "2026-03-02")[2].astimezone(PARIS).isoformat()
    gifts = table(out / "by_producer.csv")
    here = {
        (row["producer"], row["point"]): int(row["wh"])
        for row in gifts
        if row["slot_start"] == third
    }
    assert here == {("p", "b1"): 1000, ("b2", "c"): 100}
    assert not [row for row in gifts if row["producer"] in {"b1", "b2"} and row["point"] != "c"]
    left = {
        row["point"]: int(row["surplus_wh"])
        for row in table(out / "allocation.csv")
        if row["slot_start"] == third
    }
    assert (left["p"], left["b2"]) == (0, 400)


def test_a_contract_as_the_key(called, write):
    """The default dynamic key written as a contract allocates the same."""
    write("key.yaml", """gridpact: contract/1
currency: EUR
parties: [community, member]
series:
  sharing:need: Wh
terms:
  - deliver: {quantity: "sharing:need", giver: community, taker: member, asset: energy}
""")  # fmt: skip
    by_contract = RULES.replace("default-dynamic", "contract\ncontract: key.yaml")
    source, found = write("readings.csv", readings("2026-06-15", "2026-06-16")), []
    for name, text in (("one.yaml", RULES), ("two.yaml", by_contract)):
        rules = write(name, text)
        done = called("allocate", source, "--rules", rules, "--period", "2026-06-15", "--json")
        assert done.code == 0, done.err
        found.append(json.loads(done.out)["summary"]["points"])
    assert found[0] == found[1]


def test_coefficients_that_an_allocation_came_to(called, write, rules, tmp_path, table):
    source = write("readings.csv", readings("2026-06-01", "2026-07-01"))
    out = tmp_path / "told"
    told = ("export", "coefficients", "--rules", rules, "--period", "2026-06", "--out", out)
    refused = called(*told)
    assert (refused.code, "--readings" in refused.err) == (2, True)
    done = called(*told, "--readings", source)
    assert done.code == 0, done.err
    again = write("simple.yaml", RULES.replace("default-dynamic",
        'simple-dynamic\ncoefficients: "told/coefficients-{month}.csv"'))  # fmt: skip
    sums = []
    for each in (rules, again):
        found = called("allocate", source, "--rules", each, "--period", "2026-06", "--json")
        assert found.code == 0, found.err
        sums.append(json.loads(found.out)["summary"]["total"]["received_wh"])
    assert abs(sums[0] - sums[1]) <= 2 * 2880  # at most a Wh for each consumer and slot


BAD = [
    ("key: default-dynamic", "key: lottery", "'lottery' is none of those there are", 3),
    ("timezone: Europe/Paris", "timezone: Mars/Base", "there is no time zone 'Mars/Base'", 2),
    ("role: producer", "role: sun", "'sun' is none of those", 7),
    ("point: home", "point: bakery", "bakery is a member already", 6),
    ("point: bakery", "point: 30001234567890", "'30001234567890' is not a name", 5),
    ("point: bakery", "pount: bakery", "nothing is called so here", 5),
    ("role: consumer}", "role: consumer, share_percent: 101}", "'101' is not a share", 5),
    ("role: producer}", "role: producer, share_percent: 5}", "a producer has no share", 7),
    ("key: default-dynamic", "key: static", "no member has a share", 4),
    ("key: default-dynamic", "key: spanish-fixed", "shares add up to 0.0000 percent", 4),
    ("key: default-dynamic", "key: full-dynamic", "is missing", 0),
    ("key: default-dynamic", "key: contract", "is missing", 0),
    ("key: default-dynamic", "key: static\ncoefficients: k.csv", "the key static has none", 4),
    ("gridpact: sharing/1", "gridpact: sharing/2", "this is not sharing/1", 1),
    ("key: default-dynamic", "key: default-dynamic\nslot_minutes: 7", "do not divide an hour", 4),
    ("key: default-dynamic", "key: default-dynamic\nsplit: fair", "'fair' is none of those", 4),
]


@pytest.mark.parametrize(("old", "new", "words", "line"), BAD)
def test_faults_of_rules_with_their_line(called, write, tmp_path, old, new, words, line):
    rules = write("rules.yaml", RULES.replace(old, new))
    source = write("readings.csv", "")
    out = tmp_path / "out"
    done = called("allocate", source, "--rules", rules, "--period", "2026-06-15", "--out", out)
    assert done.code == 2
    place = f"rules.yaml:{line}:" if line else "rules.yaml:"
    assert any(place in each and words in each for each in done.err.splitlines()), done.err
    assert not out.exists()


def test_a_share_that_cannot_be_read_is_no_lack_of_shares(called, write, tmp_path):
    text = RULES.replace("key: default-dynamic", "key: static")
    rules = write("rules.yaml", text.replace("consumer}", "consumer, share_percent: x}", 1))
    source, out = write("readings.csv", ""), tmp_path / "out"
    done = called("allocate", source, "--rules", rules, "--period", "2026-06-15", "--out", out)
    assert "'x' is not a share" in done.err
    assert "no member has a share" not in done.err


@pytest.mark.parametrize(
    ("consumers", "fix"),
    [
        (3, "write 33.3334 for 1 of the 3 who withdraw, 33.3333 for the others"),
        (4, "write 25 for each of the 4 who withdraw"),
    ],
)
def test_equal_shares_are_written_as_numbers(called, write, consumers, fix):
    members = "".join(
        f"  - {{point: p{each}, role: consumer, share_percent: equal}}\n"
        for each in range(consumers)
    )
    head = RULES.replace("default-dynamic", "static").split("  - ")[0]
    text = f"{head}{members}  - {{point: park, role: producer}}\n"
    done = called("allocate", "x.csv", "--rules", write("r.yaml", text), "--period", "2026-06")
    assert (done.code, "1 fault;" in done.err, fix in done.err) == (2, True, True), done.err


def test_all_faults_of_rules_at_once(called, write):
    text = (
        RULES.replace("default-dynamic", "lottery").replace("sharing/1", "x").replace("Paris", "P")
    )
    done = called("allocate", "x.csv", "--rules", write("rules.yaml", text), "--period", "2026-06")
    assert (done.code, "3 faults" in done.err) == (2, True)


@pytest.mark.parametrize("text", ["", "- a\n", "gridpact: [\n", "\x00", "key: key: key\n"])
def test_rules_that_are_none(called, write, text):
    done = called("allocate", "x.csv", "--rules", write("r.yaml", text), "--period", "2026-06")
    assert (done.code, "r.yaml" in done.err) == (2, True)


def test_rules_that_are_not_there(called, tmp_path):
    done = called("allocate", "x.csv", "--rules", tmp_path / "no.yaml", "--period", "2026-06")
    assert (done.code, "cannot be read" in done.err) == (2, True)


@pytest.mark.parametrize("period", ["june", "2026-13", "2026-02-30", "2026-06-02..2026-06-01", ""])
def test_periods_that_are_none(called, rules, period):
    done = called("allocate", "x.csv", "--rules", rules, "--period", period)
    assert (done.code, "--period" in done.err) == (2, True)


def test_what_is_missing_is_not_zero(called, rules, write, tmp_path):
    lines = readings("2026-06-15", "2026-06-16").splitlines()
    lines[3] = lines[3].rsplit(",", 1)[0] + ","
    source = write("readings.csv", "\n".join(lines) + "\n")
    out = tmp_path / "out"
    done = called("allocate", source, "--rules", rules, "--period", "2026-06-15", "--out", out)
    assert done.code == 2
    told = "readings.csv:4: park injection: a slot has no reading, the first 2026-06-14T22:30:00Z"
    assert told in done.err
    assert not out.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace("park:injection", "park:other"), "park:injection"),
        (lambda text: text.replace(",1,2,3\n", ",1,2,-3\n", 1), "must not be negative"),
        (lambda text: text.replace(",1,2,3\n", ",1,2,3.5\n", 1), "not a whole number"),
        (lambda text: "\n".join(text.splitlines()[:50]) + "\n", "the table is from"),
        (lambda text: text[:-3], "cut short"),
        (lambda text: "", "empty"),
    ],
)
def test_tables_of_readings_that_cannot_serve(called, rules, write, change, words):
    source = write("readings.csv", change(readings("2026-06-15", "2026-06-16")))
    done = called("allocate", source, "--rules", rules, "--period", "2026-06-15")
    assert done.code == 2
    assert words in done.err


def test_options_that_do_not_go_together(called, rules, write):
    source = write("readings.csv", readings("2026-06-15", "2026-06-16"))
    place = ("allocate", source, "--rules", rules, "--period", "2026-06-15")
    assert "needs --out" in called(*place, "--by-producer").err
    done = called(*place, "--as-of", "2026-07-01T00:00")
    assert (done.code, "a table does not tell" in done.err) == (2, True)


def test_files_of_coefficients_that_lack_or_are_cut(called, write, tmp_path):
    rules = write("rules.yaml", RULES.replace("default-dynamic",
        'simple-dynamic\ncoefficients: "k-{month}.csv"'))  # fmt: skip
    source = write("readings.csv", readings("2026-06-15", "2026-06-16"))
    place = ("allocate", source, "--rules", rules, "--period", "2026-06-15")
    done = called(*place)
    assert (done.code, "k-2026-06.csv: the coefficients cannot be read" in done.err) == (2, True)
    write("k-2026-06.csv", "slot_start,consumer,coefficient\n2026-06-01T00:00:00+02:00,shop,1\n")
    done = called(*place)
    assert "k-2026-06.csv:2: column 27: 'shop' is no consumer of the operation" in done.err
    assert "bakery has no coefficient in 2,880 slots" in done.err


def test_names_that_are_no_spanish_codes_are_told_where_they_were_written(called, write, tmp_path):
    text = RULES.replace("default-dynamic", "static")
    text = text.replace("consumer}", "consumer, share_percent: 50}")
    rules = write("rules.yaml", text)
    told = ("export", "coefficients", "--rules", rules, "--out", tmp_path / "o")
    done = called(*told, "--period", "2026", "--layout", "spain-6.v1")
    line = text[: text.index("point: bakery")].count("\n") + 1
    assert done.code == 2
    assert "rules.yaml: cau: '' is not a CAU of 26 characters. Fix: " in done.err
    assert re.search(rf"rules.yaml:{line}: members\[\d\].point: 'bakery' is not a CUPS", done.err)
    assert not (tmp_path / "o").exists()


def test_a_part_of_a_month_is_not_told(called, write, tmp_path):
    text = RULES.replace("default-dynamic", "static")
    rules = write("rules.yaml", text.replace("consumer}", "consumer, share_percent: 50}"))
    told = ("export", "coefficients", "--rules", rules, "--out", tmp_path / "o")
    done = called(*told, "--period", "2026-06-01..2026-06-29")
    assert (done.code, "has not all of 2026-06" in done.err) == (2, True)
    done = called(*told, "--period", "2026-06", "--layout", "spain-6.v1")
    assert (done.code, "has not all of 2026" in done.err) == (2, True)
    assert not (tmp_path / "o").exists()
    assert called(*told, "--period", "2026-06").code == 0


def test_what_spanish_members_keep_is_a_column_of_its_own(called, write):
    """By hand: two hours' slots of 100 Wh shared 75 to 25 with needs of 50 and 30 Wh."""
    rules = write(
        "rules.yaml",
        """gridpact: sharing/1
timezone: Europe/Madrid
slot_minutes: 60
key: spanish-fixed
members:
  - {point: bakery, role: consumer, share_percent: 75}
  - {point: home, role: consumer, share_percent: 25}
  - {point: park, role: producer}
""",
    )
    begin = datetime(2026, 6, 15, tzinfo=ZoneInfo("Europe/Madrid")).astimezone(UTC)
    rows = [f"{(begin + timedelta(hours=h)).isoformat()},50,30,100" for h in range(24)]
    head = "slot_start,bakery:withdrawal,home:withdrawal,park:injection"
    source = write("readings.csv", "\n".join([head, *rows]) + "\n")
    place = ("allocate", source, "--rules", rules, "--period", "2026-06-15")
    lines = [line.split() for line in called(*place).out.splitlines()]
    assert lines[1][:5] == ["point", "produced", "needed", "received", "kept"]
    found = {line[0]: line[3:5] for line in lines[2:6]}
    assert found["bakery"] == ["1.800", "0.600"]  # 75 Wh an hour, 25 of them beyond the need
    assert found["home"] == ["0.600", "0.000"]
    french = write("rules.yaml", rules.read_text("utf-8").replace("spanish-fixed", "static"))
    assert "kept" not in called("allocate", source, "--rules", french, *place[4:]).out
