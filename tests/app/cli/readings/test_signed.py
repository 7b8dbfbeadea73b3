"""Readings signed, tampered with, held against witnesses, and stored, by commands."""

import json
from types import SimpleNamespace

import pytest

from gridpact.metering.edge.records import MAGIC, RECORD

TRUST = ("--statements", "devices.jsonl", "--authority", "authority.pub")
WITNESSES = """gridpact: witnesses/1
agree: 2
witnesses:
  - {name: feeder, readings: feeder-meter, of: [bakery, school], loss_percent: 2, slack_wh: 5}
  - {name: inverter, readings: inverter, of: [bakery], slack_wh: 5}
"""
POINTS = "\n  - ".join(
    ["gridpact: 1\npoints:"]
    + [f"{{id: {name}, step_s: 900}}" for name in ("feeder-meter", "inverter")]
)
OTHERS = """gridpact: 1
time: Zeit
timezone: Europe/Berlin
separator: ";"
decimal: ","
columns:
  - {column: Bezug, point: NAME}
"""


@pytest.fixture
def lane(place):
    """Keys, a statement, and a signed file of the bakery's day: slot 20 has no value."""
    place.say("readings", "key", "authority.key")
    place.say("readings", "key", "meter.key")
    state = ("--point", "bakery", "--device", "meter.pub", "--from", "2026-02-28T00:00")
    place.say("readings", "state", "devices.jsonl", "--key", "authority.key", *state)
    sign = ("march.csv", "--map", "map.yaml", "--key", "meter.key", *TRUST)
    assert "95 signed readings" in place.say("readings", "sign", *sign)
    data = (place.folder / "march.signed").read_bytes()

    def put(*more, code=0, file="march.signed"):
        words = ("import", "signed", file, *TRUST, "--into", "store", "--commit", *more)
        return json.loads(place.say(*words, "--json", code=code))

    def changed(*rows, name="changed.signed"):
        cut = [data[len(MAGIC) + RECORD.itemsize * row :][: RECORD.itemsize] for row in rows]
        (place.folder / name).write_bytes(MAGIC + b"".join(cut))
        return name

    return SimpleNamespace(**vars(place), put=put, data=data, changed=changed)


def marks(lane):
    found = lane.json("readings", "quality", "store")
    return {
        (e["register"], e["quality"], e["rule"]): e["slots"]
        for e in found
        if e["point"] == "bakery"
    }


def test_what_was_signed_is_stored_as_measured(lane):
    told = lane.put()
    assert (told["readings"], told["sound"], told["found"]) == (95, 95, [])
    assert [each["new"] for each in told["import"]["channels"]] == [95, 95]
    assert marks(lane) == {
        ("withdrawal", "measured", ""): 95, ("withdrawal", "missing", ""): 1,
        ("injection", "measured", ""): 95, ("injection", "missing", ""): 1,
    }  # fmt: skip
    (version,) = lane.json("readings", "versions", "store", "--point", "bakery",
                           "--slot", "2026-03-01T02:15")["versions"]  # fmt: skip
    assert (version["wh"], version["file"]) == (300, "march.signed")
    assert lane.put()["import"]["imported_before"]


def test_an_import_is_tried_first(lane):
    before = sorted(lane.folder.rglob("*"))
    said = lane.say("import", "signed", "march.signed", *TRUST, "--into", "store")
    assert "95 of 95 readings are sound" in said
    assert "nothing was stored: add --commit" in said
    assert "\\x1b" not in said
    assert sorted(lane.folder.rglob("*")) == before


def test_a_changed_value_is_named_at_its_place_and_left_out(lane):
    data = bytearray(lane.data)
    data[len(MAGIC) + 9 * RECORD.itemsize + 123] ^= 1
    (lane.folder / "bad.signed").write_bytes(bytes(data))
    told = lane.put(code=1, file="bad.signed")
    assert [(each["row"], each["kind"]) for each in told["found"]] == [
        (9, "bad-signature"),
        (10, "gap"),
    ]
    gaps = lane.json("readings", "gaps", "store", "--register", "withdrawal", "--point", "bakery")
    assert [each["from"] for each in gaps] == ["2026-03-01T01:15:00Z", "2026-03-01T04:00:00Z"]
    said = lane.say("import", "signed", "bad.signed", *TRUST, "--into", "store", code=1)
    assert "9  bad-signature  bakery" in said
    lane.put()  # the file as it was signed puts it right
    assert marks(lane)["withdrawal", "measured", ""] == 95


def test_a_fork_is_suspect_and_what_the_store_knows_is_told(lane):
    sign = ("--map", "map.yaml", "--key", "meter.key", *TRUST, "--out", "other.signed")
    (lane.folder / "other.csv").write_text(lane.table({3: (999, 0)}))
    lane.say("readings", "sign", "other.csv", *sign)
    other = (lane.folder / "other.signed").read_bytes()[len(MAGIC) :]
    (lane.folder / "both.signed").write_bytes(
        lane.data + other[3 * RECORD.itemsize :][: RECORD.itemsize]
    )
    told = lane.put(code=1, file="both.signed")
    assert (95, "fork") in [(each["row"], each["kind"]) for each in told["found"]]
    assert marks(lane)["withdrawal", "suspect", "fork.v1"] == 1
    assert marks(lane)["withdrawal", "measured", ""] == 94
    first = lane.put(file=lane.changed(*range(50), name="first.signed"))
    assert (first["found"], first["known"], first["import"]["import"]) == ([], 50, None)
    said = lane.say("import", "signed", "first.signed", *TRUST, "--into", "store")
    assert "all of it was stored before; it changes nothing" in said
    assert "50 of 50 readings were stored before" in said
    (lane.folder / "first.json").write_text(json.dumps(first))
    assert lane.put("--due", "first.json", file=lane.changed(*range(9)))["found"] == []
    told = lane.put(file="other.signed", code=1)  # the same device, and another history
    assert {each["kind"] for each in told["found"]} == {"fork"}
    assert [each["row"] for each in told["found"]] == list(range(3, 96))
    assert marks(lane)["withdrawal", "suspect", "fork.v1"] == 92  # and none of the other's


def test_a_stream_in_files_and_the_end_that_others_know(lane):
    first = lane.put(file=lane.changed(*range(40), name="first.signed"))
    (lane.folder / "first.json").write_text(json.dumps(first))
    told = lane.put(file=lane.changed(*range(50, 80), name="third.signed"), code=1)
    assert [(each["row"], each["kind"]) for each in told["found"]] == [(0, "gap")]
    assert told["missing"] == [{"point": "bakery", "first": 40, "last": 49}]
    words = ("import", "signed", lane.changed(*range(40, 45)), *TRUST, "--into", "store")
    said = lane.say(*words, "--commit")
    assert "bakery: sequences 45 to 49 are still missing" in said
    said = lane.say(*words[:2], lane.changed(*range(44, 50)), *words[3:], "--commit")
    assert "1 of 6 readings were stored before" in said
    assert "bakery: sequences 45 to 49 came late and are there now" in said
    assert "still missing" not in said
    everything = {**first, "heads": [{**first["heads"][0], "sequence": 94}]}
    (lane.folder / "all.json").write_text(json.dumps(everything))
    told = lane.put("--due", "all.json", file=lane.changed(*range(80, 90)), code=1)
    assert [each["kind"] for each in told["found"]] == ["cut-off"]
    lane.say("readings", "init", "later", "--points", "points.yaml")
    rest = ("import", "signed", lane.changed(*range(40, 95)), *TRUST, "--into", "later")
    assert "sequences 0 to 39 are missing" in lane.say(*rest, code=1)
    assert "55 of 55 readings are sound" in lane.say(*rest, "--since", "first.json")


def test_old_messages_do_not_displace_a_correction(lane):
    when = ("--known-at", "2026-03-02T00:00")
    lane.put(*when)
    (lane.folder / "corrected.csv").write_text(lane.table({40: (999, 0)}))
    lane.say("import", "readings", "corrected.csv", "--map", "map.yaml", "--into", "store",
             "--commit", "--known-at", "2026-03-05T00:00")  # fmt: skip
    before = marks(lane)
    for rows in (range(44), range(38, 44), range(95)):
        file = lane.changed(*rows, name="old.signed")
        told = lane.put("--known-at", "2026-03-06T00:00", file=file, code=1)
        due = [(row - rows[0], "replay") for row in (9, 39) if row in rows]
        assert [(each["row"], each["kind"]) for each in told["found"]] == due
        assert told["import"]["import"] is None
        assert marks(lane) == before
    (*_, last) = lane.json("readings", "versions", "store", "--point", "bakery",
                           "--slot", "2026-03-01T10:00")["versions"]  # fmt: skip
    assert (last["wh"], last["file"]) == (999, "corrected.csv")


def test_witnesses_confirm_and_dispute(lane):
    (lane.folder / "more.yaml").write_text(POINTS)
    lane.say("readings", "points", "store", "--add", "more.yaml")
    (lane.folder / "witnesses.yaml").write_text(WITNESSES)
    tables = {"feeder-meter": {7: (600, 0)}, "inverter": {9: (300, 0)}, "school": {}}
    for name, values in tables.items():
        usual = dict.fromkeys(range(96), (500 if name == "feeder-meter" else 250, 0))
        usual |= {9: (550 if name == "feeder-meter" else 250, 0)}
        (lane.folder / f"{name}.csv").write_text(lane.table(usual | values))
        (lane.folder / f"{name}.yaml").write_text(OTHERS.replace("NAME", name))
        lane.say("import", "readings", f"{name}.csv", "--map", f"{name}.yaml", "--into", "store",
                 "--commit")  # fmt: skip
    told = lane.put("--witnesses", "witnesses.yaml", code=1)
    (dispute,) = told["witnesses"]["disputes"]
    assert (dispute["slot"], dispute["witnesses"]) == ("2026-03-01T00:45:00Z", ["feeder"])
    assert dispute["explanations"] == [["school/feeder"]]  # nothing tells the two apart
    assert told["witnesses"]["confirmed"] == 94  # the bakery, but where it was not read or disputed
    assert ("withdrawal", "suspect", "witnesses.v1") not in marks(lane)  # its inverter agrees
    (lane.folder / "inverter.csv").write_text(lane.table({7: (390, 0), 9: (300, 0)}))
    lane.say("import", "readings", "inverter.csv", "--map", "inverter.yaml", "--into", "store",
             "--commit")  # fmt: skip
    lane.put("--witnesses", "witnesses.yaml", code=1)
    words = ("import", "signed", "march.signed", *TRUST, "--into", "store")
    said = lane.say(*words, "--witnesses", "witnesses.yaml", code=1)
    assert "feeder, inverter disagree; an error of" in said
    assert marks(lane)["withdrawal", "suspect", "witnesses.v1"] == 1


def test_devices_are_listed_and_a_statement_that_cannot_stand_is_refused(lane):
    lane.say("readings", "key", "second.key")
    state = ("readings", "state", "devices.jsonl", "--key", "authority.key", "--point", "bakery")
    lane.say(*state, "--device", "second.pub", "--from", "2026-03-01T12:00Z")
    one, two = lane.json("readings", "devices", "devices.jsonl", "--authority", "authority.pub")
    assert (one["until"], two["until"]) == ("2026-03-01T12:00:00Z", None)
    said = lane.say("readings", "devices", "devices.jsonl", "--authority", "authority.pub")
    assert "2 statements" in said
    before = (lane.folder / "devices.jsonl").read_text()
    for words, problem in (
        (("--device", "meter.pub", "--from", "2026-04-01T00:00"), "has had this device before"),
        (("--device", "authority.pub", "--from", "2026-03-01T12:00"), "begins at the same point"),
    ):
        assert problem in lane.say(*state, *words, code=2)
    wrong = (*state[:4], "second.key", *state[5:], "--device", "authority.pub", "--from")
    assert "signature does not hold" in lane.say(*wrong, "2026-05-01T00:00", code=2)
    assert (lane.folder / "devices.jsonl").read_text() == before
    sign = ("readings", "sign", "march.csv", "--map", "map.yaml", *TRUST, "--out", "x.signed")
    told = lane.say(*sign, "--key", "meter.key", code=2)
    assert "until 2026-03-01T12:00:00Z, the readings are from" in told
    assert "no statement puts this device there" in lane.say(
        *sign, "--key", "authority.key", code=2
    )


def test_signing_goes_on_where_it_ended(lane):
    (lane.folder / "heads.json").write_text(json.dumps(lane.put()))
    assert "the file exists already" in lane.say(
        "readings", "sign", "march.csv", "--map", "map.yaml", "--key", "meter.key", *TRUST, code=2
    )
    late = lane.table({}).replace("2026-03-01T", "2026-03-02T")
    (lane.folder / "late.csv").write_text(late)
    sign = ("--map", "map.yaml", "--key", "meter.key", *TRUST, "--since", "heads.json")
    lane.say("readings", "sign", "late.csv", *sign)
    assert lane.put("--since", "heads.json", file="late.signed")["sound"] == 96
    told = lane.say("readings", "sign", "march.csv", *sign, "--out", "again.signed", code=2)
    assert "signed already are those until 2026-03-01T23:00:00Z" in told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gridpact: witnesses/2\nwitnesses: []\n", ("is not witnesses/1", "no witnesses")),
        (WITNESSES.replace("agree: 2", "agree: 3"), ("agree: is no number of witnesses",)),
        (WITNESSES.replace("slack_wh: 5", "slack: 5"), ("nothing is called so here",)),
        (WITNESSES.replace("[bakery]", "bakery"), ("names no points",)),
        (WITNESSES.replace("inverter,", "feeder,", 1), ("'feeder' is listed twice",)),
        (WITNESSES.replace("loss_percent: 2", "loss_percent: 200"), ("write a number from 0 to",)),
        (
            WITNESSES,
            (
                "w.yaml:4: witnesses[0].readings: feeder-meter: the store has no such metering",
                "w.yaml:5: witnesses[1].readings: inverter: the store has no such metering point",
            ),
        ),
    ],
)
def test_bad_witnesses_store_nothing(lane, text, words):
    (lane.folder / "w.yaml").write_text(text)
    told = lane.say("import", "signed", "march.signed", *TRUST, "--into", "store", "--commit",
                    "--witnesses", "w.yaml", code=2)  # fmt: skip
    for each in words:
        assert each in told
    assert lane.json("readings", "imports", "store") == []


def test_a_point_that_the_store_does_not_know_stores_nothing(lane):
    state = ("--point", "mill", "--device", "meter.pub", "--from", "2026-02-28T00:00")
    lane.say("readings", "state", "devices.jsonl", "--key", "authority.key", *state)
    (lane.folder / "map.yaml").write_text(
        (lane.folder / "map.yaml").read_text().replace("bakery", "mill")
    )
    lane.say("readings", "sign", "march.csv", "--map", "map.yaml", "--key", "meter.key", *TRUST,
             "--out", "mill.signed")  # fmt: skip
    told = lane.say(
        "import", "signed", "mill.signed", *TRUST, "--into", "store", "--commit", code=2
    )
    assert "mill: the store has no such metering point" in told
    assert lane.json("readings", "imports", "store") == []
