"""An invoice line explained down to its readings, held against sums in plain Python."""

import json
import re
import shutil
import sqlite3
from collections import defaultdict
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest

EXAMPLES = Path(__file__).parents[4] / "examples"
PRICES = {
    "supply.supply": 280,
    "supply.feed-in": 80,
    "sharing.sharing": 150,
    "grid.network": 80,
    "grid.network-local": 32,
    "grid.levy": Fraction("20.5"),
}  # ¤/MWh
DAY = ("lane", "--period", "2026-03-29")


@pytest.fixture
def billed(lane):
    """The example's lane, billed, corrected and billed again; ``explain`` returns the JSON."""
    lane.imported("march-29-corrected", "2026-04-02T09:30")
    assert lane.run("books", "init", "lane", "--rules", "rules/rules.yaml").code == 0
    assert lane.run("settle", *DAY, "--as-of", "2026-04-03T12:00", "-q").code == 0
    assert lane.run("bill", *DAY, "-q").code == 0
    store = ("--map", EXAMPLES / "readings" / "map.yaml", "--into", "rules/readings")
    late = ("rules/march-29-late.csv", *store, "--known-at", "2026-04-20T08:00", "--commit")
    assert lane.run("import", "readings", *late).code == 0
    assert lane.run("correct", *DAY, "--as-of", "2026-04-21T12:00", "-q").code == 0
    lane.documents = json.loads(lane.run("bill", *DAY, "--json").out)["documents"]

    def explain(line, *options, code=0):
        done = lane.run("explain", "lane", line, *options, "--json")
        assert (done.code, done.err) == (code, "")
        return json.loads(done.out)

    lane.explain = explain
    return lane


def readings(lane, as_of):
    """The registers of the day as they were known: ``{slot: {(point, register): Wh}}``."""
    rows = defaultdict(lambda: defaultdict(int))
    options = ("--from", "2026-03-29", "--to", "2026-03-30", "--as-of", as_of, "--json")
    for told in json.loads(lane.run("readings", "show", "rules/readings", *options).out):
        for each in told["values"]:
            rows[each["slot"]][told["point"], told["register"]] = each["wh"]
    return rows


def energy(lane, as_of):
    """Energy of every line by slot, from the registers, in plain Python."""
    found = defaultdict(dict)
    for slot, wh in readings(lane, as_of).items():
        need, over = {}, {}
        for who in ("bakery", "school"):
            net = wh[who, "injection"] - wh[who, "withdrawal"]
            need[who], over[who] = max(-net, 0), max(net, 0)
        shared = min(sum(need.values()), sum(over.values()))  # one takes and the other gives
        for who, wanted in need.items():
            into, out = shared * bool(wanted), shared * bool(over[who])
            taken = wh[who, "withdrawal"]
            parts = {
                "supply.supply": wanted - into,
                "supply.feed-in": over[who] - out,
                "grid.network": wanted - into,
                "grid.network-local": taken - wanted + into,
                "grid.levy": taken,
                "sharing.sharing": into or out,
            }
            for name, value in parts.items():
                found[who, name][slot] = value
    return found


def half_away(nano):
    return int(abs(nano) / 10**7 + Fraction(1, 2)) * (1 if nano >= 0 else -1)


def test_every_line_adds_up_level_by_level_to_what_plain_python_says(billed):
    plain = {
        run: energy(billed, at) for run, at in ((1, "2026-04-03T12:00"), (2, "2026-04-21T12:00"))
    }
    lines = 0
    for document in billed.documents:
        for item in document["items"]:
            told = billed.explain(f"{document['number']}/{item['id']}", "--slots")
            stated, booked = told["statement"], told["statement"]["booked"]
            stating = [run["run"] for run in booked]
            assert stating[0] == 1
            run = told["document"]["run"]
            if document["code"] in (381, 261):
                assert (run, told["document"]["explains"]) == (1, document["refers"])
            for name in ("energy_wh", "nano", "minor"):
                assert sum(each[name] for each in booked) == stated[name]
            assert stated["minor"] == item["minor"] == half_away(Fraction(stated["nano"]))
            slots = told["slots"]
            for name in ("energy_wh", "nano"):
                assert sum(slot[name] for slot in slots) == stated[name] == told[f"slot_{name}"]
            expected = plain[run][document["owner"], item["name"]]
            for slot in slots:
                at = datetime.fromtimestamp(slot["start_s"], UTC)
                wh = expected[at.strftime("%Y-%m-%dT%H:%M:%SZ")]
                assert slot["energy_wh"] == wh
                assert slot["nano"] == wh * PRICES[item["name"]] * 1000
                for reading in slot["readings"]:
                    assert slot["series"][f"metered:{reading['register']}"] == reading["wh"]
            assert sum(expected.values()) == stated["energy_wh"]
            assert all(check["good"] for check in told["checks"])
            lines += 1
    assert lines == sum(len(each["items"]) for each in billed.documents) >= 20


def test_a_corrected_line_leads_to_the_reading_that_replaced_another(billed):
    told = billed.explain("lane-community-000004/1")
    assert [(each["run"], each["minor"]) for each in told["statement"]["booked"]] == [
        (1, 326),
        (2, 5),
    ]
    assert told["document"]["refers"] == "lane-community-000001"
    (change,) = told["changes"]
    assert (change["energy_before_wh"], change["energy_wh"]) == (1101, 1468)
    (slot,) = (each for each in told["slots"] if "corrected" in each["why"])
    assert slot["start_s"] == change["start_s"]
    (reading,) = slot["readings"]
    assert (reading["value"]["file"], reading["value"]["version"]) == ("march-29-late.csv", 2)
    assert [each["wh"] for each in reading["replaced"]] == [1101]
    assert told["key"]["key"] == "default-dynamic"
    first = billed.explain(f"{told['document']['refers']}/1", "--slots")
    assert first["statement"]["minor"] == 326
    (slot,) = (each for each in first["slots"] if each["start_s"] == change["start_s"])
    assert slot["energy_wh"] == 1101
    assert [each["wh"] for each in slot["readings"][0]["since"]] == [1951]


def test_tax_is_explained_from_the_lines_that_it_is_on(billed):
    taxed = [document for document in billed.documents if document["tax"]]
    assert len(taxed) >= 6
    for document in taxed:
        told = billed.explain(f"{document['number']}/tax")
        assert all(check["good"] for check in told["checks"])
        (rate,) = told["rates"]
        base = sum(item["minor"] for item in document["items"])
        assert (rate["base_minor"], rate["rate_ppm"]) == (base, 190_000)
        assert rate["nano"] == base * 10**7 * Fraction(19, 100)
        assert rate["minor"] == half_away(Fraction(rate["nano"])) == document["tax_minor"]
        assert sum(each["minor"] for each in rate["booked"]) == rate["minor"]
    done = billed.run("explain", "lane", "grid-co-000004/tax")
    assert "19 % of it: exactly 1.0659 EUR, 1.07 rounded once: half away from zero\n" in done.out
    assert re.search(r"2  revised  2026-04-21T10:00:00Z  0\.01\n", done.out)
    done = billed.run("explain", "lane", "state-000001/tax")
    assert (done.code, "is outside of any tax" in done.err) == (2, True)


def test_people_read_the_same_numbers(billed):
    done = billed.run("explain", "lane", "grid-co-000004/1")
    assert done.code == 0
    for said in (
        "grid-co-000004/1: grid.network, 61.195 kWh × 0.08 EUR/kWh\n",
        "4.90 EUR on invoice grid-co-000004, from grid-co to bakery\n",
        "its 2 lines come to 5.61 EUR, 6.68 EUR with tax\n",
        "exactly 4.8956 EUR, rounded once: half away from zero\n",
        "member pays grid-co: network:outside times 0.08 EUR/kWh, as 'network'.\n",
        "92 slots of 15 min, in sum 61.195 kWh and 4.8956 EUR\n",
        "✓ slots add up to its exact amount and energy\n",
    ):
        assert said in done.out
    assert re.search(r"in sum +61\.195 +4\.90\n", done.out)
    assert "it takes back grid-co-000001" in billed.run("explain", "lane", "grid-co-000003/1").out


def test_bad_input_is_named(billed):
    for line, said in (
        ("grid-co-000001", "is a document, not a line of it. Fix: grid-co-000001 has the lines 1 "),
        ("grid-co-000001/7", "has no line '7'"),
        (
            "grid-co-000009/1",
            "no document of this number was issued. Fix: there are grid-co-000001",
        ),
        ("grid-co-1/1", "no document of this number was issued"),
        ("/", "no document of this number was issued"),
    ):
        done = billed.run("explain", "lane", line)
        assert done.code == 2
        assert said in done.err
    done = billed.run("explain", "lane", "grid-co-000001/1", "--signed", "a.signed")
    assert (done.code, "needs all three files" in done.err) == (2, True)
    done = billed.run("explain", "nowhere", "grid-co-000001/1")
    assert done.code == 2


def test_a_book_without_invoices_says_so(lane):
    lane.imported("march-29-corrected", "2026-04-02T09:30")
    assert lane.run("books", "init", "lane", "--rules", "rules/rules.yaml").code == 0
    done = lane.run("explain", "lane", "grid-co-000001/1")
    assert done.code == 2
    assert "issue documents first: gridpact bill lane --period PERIOD" in done.err


@pytest.mark.parametrize("gone", ["forgotten", "moved"])
def test_what_stands_without_readings_is_still_told(billed, gone):
    if gone == "forgotten":
        forget = ("--forget-before", "2026-04-01", "-q")
        assert billed.run("readings", "compact", "rules/readings", *forget).code == 0
    else:
        shutil.rmtree(billed.folder / "rules" / "readings")
    done = billed.run("explain", "lane", "grid-co-000001/1")
    assert done.code == 0
    assert "slots: they cannot be added up again\n  readings of run 1: " in done.out
    assert "network:outside 60.712 kWh" in done.out
    assert "exactly 4.85696 EUR" in done.out
    told = billed.explain("grid-co-000001/1")
    assert (told["slot_nano"], told["slots"]) == (None, [])
    assert len(told["lacking"]) == 1
    assert told["kept_wh"]["network:outside"] == told["statement"]["energy_wh"]


def test_what_was_changed_behind_the_book_is_told(billed):
    runs = billed.folder / "lane" / "runs" / "0001"
    kept = json.loads((runs / "run.json").read_text())
    (runs / "run.json").write_text(json.dumps({**kept, "readings": "../table.csv"}))
    (billed.folder / "table.csv").write_text(_table(billed, "2026-04-21T12:00"))
    told = billed.explain("lane-community-000001/1", code=1)
    wrong = {check["name"] for check in told["checks"] if not check["good"]}
    assert wrong == {
        "slots add up to its exact amount and energy",
        "readings are those that the run was made of",
    }
    database = sqlite3.connect(billed.folder / "lane" / "books.db")
    database.execute("UPDATE journal SET at_s = at_s + 1 WHERE number = 1")
    database.commit()
    database.close()
    done = billed.run("explain", "lane", "grid-co-000004/1")
    assert done.code == 1
    assert "✗ the journal is as it was booked: entry 1 of the journal is not as" in done.out
    path = runs / "lines.parquet"
    pl.read_parquet(path).with_columns(pl.col("minor") + 1).write_parquet(path)
    done = billed.run("explain", "lane", "grid-co-000001/1")
    assert done.code == 3
    assert "runs/0001: lines of the run are not as they were booked" in done.err


def _table(lane, as_of):
    """The day's readings as a CSV table."""
    names = [("bakery", "withdrawal"), ("school", "withdrawal"), ("school", "injection")]
    lines = [",".join(["slot_start", *(":".join(name) for name in names)])]
    for slot, wh in readings(lane, as_of).items():
        lines.append(",".join([slot, *(str(wh[name]) for name in names)]))
    return "\n".join(lines) + "\n"


def test_signed_readings_are_held_against_their_signatures(lane):
    store, map_ = "rules/readings", EXAMPLES / "readings" / "map.yaml"
    for key in ("authority", "meter", "bakery"):
        assert lane.run("readings", "key", f"{key}.key").code == 0
    trust = ("--statements", "devices.jsonl", "--authority", "authority.pub")
    data = EXAMPLES / "readings" / "march-29-corrected.csv"
    for point, key in (("school", "meter"), ("bakery", "bakery")):
        stated = ("--key", "authority.key", "--point", point, "--device", f"{key}.pub")
        done = lane.run("readings", "state", "devices.jsonl", *stated, "--from", "2026-03-01T00:00")
        assert done.code == 0
        how = ("--map", map_, "--point", point, "--key", f"{key}.key", *trust)
        done = lane.run("readings", "sign", data, *how, "--out", f"{point}.signed")
        assert done.code == 0
        into = ("--into", store, "--known-at", "2026-04-02T09:30", "--commit")
        assert lane.run("import", "signed", f"{point}.signed", *trust, *into).code == 0
    assert lane.run("books", "init", "lane", "--rules", "rules/rules.yaml").code == 0
    assert lane.run("settle", *DAY, "--as-of", "2026-04-03T12:00", "-q").code == 0
    assert lane.run("bill", *DAY, "-q").code == 0
    line = ("explain", "lane", "power-co-000003/1")
    done = lane.run(*line, "--signed", "school.signed", *trust)
    assert done.code == 0
    assert "✓ signed readings are as their devices signed them\n" in done.out
    assert re.search(
        r"injection signed by ed25519:[0-9a-f]{16}…: record [0-9]+, sequence", done.out
    )
    told = json.loads(lane.run(*line, "--signed", "school.signed", *trust, "--json").out)
    sequences = {
        each["signed"]["sequence"]: slot["start_s"]
        for slot in told["slots"]
        for each in slot["readings"]
    }
    begin = min(sequences.values()) - 900 * min(sequences)
    assert all(begin + 900 * number == at for number, at in sequences.items())
    signed = bytearray((lane.folder / "school.signed").read_bytes())
    signed[-1] ^= 1  # of the signature of the last reading, which is told
    (lane.folder / "forged.signed").write_bytes(signed)
    done = lane.run("explain", "lane", "state-000002/1", "--signed", "forged.signed", *trust)
    assert (done.code, "NOT AS SIGNED by" in done.out) == (1, True)
    done = lane.run(*line, "--signed", "bakery.signed", *trust)  # another meter's file
    assert (done.code, "signed" in done.out) == (0, False)
