"""Documents of diaries: written, validated by the schema, read back, and refused with reasons."""

import hashlib
import json
from pathlib import Path

import jsonschema
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gridpact.base.errors import BadInput
from gridpact.scheduling.diaries.derivation import changes
from gridpact.scheduling.diaries.difference import Diaries
from gridpact.scheduling.diaries.document import canonical, digest, digest_of
from gridpact.scheduling.diaries.instructions import NEVER, Standing, Verb
from gridpact.scheduling.diaries.issuing import Recipient, Told, document_of
from gridpact.scheduling.diaries.modes import Answer, Answers, Mode, Modes, status_of
from gridpact.scheduling.diaries.reasons import Cause, Kind, Reasons
from gridpact.scheduling.diaries.schema import columns_of, instant_of, read_diary, schema

CAUSES = (
    Cause(Kind.NEED, "n-own", "home-1"),
    Cause(Kind.NEED, "n-secret", "home-2"),
    Cause(Kind.LIMIT, "feeder-3"),
    Cause(Kind.CONTRACT, "ppa-7"),
    Cause(Kind.ACTIVATION, "event-9"),
    Cause(Kind.INTERVENTION, "i-own", "home-1"),
)
STEP, SLOTS = 900, 6
HOME = Recipient(1, "car-1", "home-1")


def valid(value):
    validator = jsonschema.Draft202012Validator(schema())
    return [error.message for error in validator.iter_errors(value)]


@st.composite
def drawn(draw):
    """Diaries of two assets, and all that is told of their entries."""
    watts = st.lists(st.integers(-2, 2).map(lambda one: one * 700), min_size=SLOTS, max_size=SLOTS)
    power = np.array(draw(st.lists(watts, min_size=2, max_size=2)))
    begin = np.array(draw(st.lists(st.integers(-1, 1), min_size=2, max_size=2))) * 900
    slots = np.arange(SLOTS)
    return power, begin, slots, draw(st.integers(0, 2**32)), draw(st.integers(0, 2))


def written(made, case):
    power, begin, _, seed, mode = case
    draw = np.random.Generator(np.random.PCG64(seed))
    slots = made.slots(SLOTS)
    standing = Standing(power_w=begin, changed_s=np.full(2, NEVER), owed_ws=np.zeros(2, np.int64))
    told = changes(power, slots, standing)
    cause = draw.integers(-1, len(CAUSES), len(told))
    kinds = np.array([one.kind for one in CAUSES] + [Kind.PRICE], np.int8)
    modes = Modes.automatic(2)
    modes.mode[:], modes.notice_s[:] = min(mode, 1), 600
    if mode == 2:
        modes.silence[:] = Answer.ACCEPT
    answers = replace(
        Answers.none(len(told)),
        answer=draw.integers(0, 3, len(told)).astype(np.int8),
        given_s=np.full(len(told), slots.start),
    )
    diaries = Diaries(
        begin_s=slots.start, end_s=slots.end, instructions=told, standing=standing,
        revision=np.array([4, 7]),
    )  # fmt: skip
    all_told = Told(
        reasons=Reasons(kinds[cause], cause),
        causes=CAUSES,
        savings_nano=draw.integers(-(10**12), 10**12, len(told)),
        status=status_of(told, modes, answers, slots.start + 2000),
        modes=modes,
    )
    return diaries, all_told, slots


@settings(deadline=None, max_examples=100)
@given(drawn())
def test_documents_are_valid_and_come_back_as_they_were(made, case):
    diaries, told, slots = written(made, case)
    found = document_of(diaries, told, HOME, slots.start)
    text = canonical(found)
    assert valid(json.loads(text)) == []
    assert read_diary(text) == found
    assert (
        text
        == json.dumps(
            json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False
        ).encode()
    )
    assert digest(found) == digest_of(json.dumps(json.loads(text), indent=3).encode())
    assert digest(found) == hashlib.sha256(text).hexdigest()
    back, standing = columns_of(found)
    own = diaries.instructions.of(diaries.instructions.row == HOME.row)
    assert np.array_equal(back.at_s, own.at_s)
    assert np.array_equal(back.verb, own.verb)
    assert np.array_equal(back.target_w, own.target_w)
    assert standing.power_w[0] == diaries.standing.power_w[HOME.row]


@settings(deadline=None, max_examples=60)
@given(drawn())
def test_no_document_tells_of_anothers_need(made, case):
    diaries, told, slots = written(made, case)
    text = canonical(document_of(diaries, told, HOME, slots.start))
    assert b"secret" not in text
    assert b"home-2" not in text
    other = canonical(document_of(diaries, told, Recipient(1, "car-1", "home-3"), slots.start))
    assert b"n-own" not in other
    assert b"i-own" not in other


def test_revisions_name_the_one_before(made):
    power = np.array([[700, 0, 0, 0, 0, 0]] * 2)
    case = (power, np.zeros(2, np.int64), None, 1, 0)
    diaries, told, slots = written(made, case)
    first = document_of(diaries, told, HOME, slots.start)
    second = document_of(diaries, told, HOME, slots.start + 5, first)
    third = document_of(diaries, told, HOME, slots.start + 9, second)
    assert (first.revision, second.revision, third.revision) == (1, 7, 8)
    assert first.previous is None
    assert second.previous == digest(first)
    assert third.previous == digest(second)
    for one in (first, second, third):
        assert read_diary(canonical(one)) == one


GOOD = {
    "format": "gridpact-diary", "version": 1, "asset": "car-1",
    "issued": "2026-04-22T20:00:00Z",
    "window": {"begin": "2026-04-22T20:00:00Z", "end": "2026-04-23T20:00:00Z"},
    "revision": 1, "previous": None, "begin_power_w": 0,
    "entries": [
        {"at": "2026-04-23T00:00:00Z", "verb": "START CHARGE", "target_w": 3700,
         "state": "automatic", "reason": {"kind": "need", "id": "n1"},
         "expected_saving_nano": "12"},
        {"at": "2026-04-23T03:00:00Z", "verb": "STOP CHARGE", "target_w": 0,
         "state": "asked", "asking": {"until": "2026-04-23T01:00:00Z", "silence": "accept"},
         "reason": {"kind": "price"}, "expected_saving_nano": "-3"},
    ],
}  # fmt: skip


def changed(path, value):
    """The good diary with another value at a path."""
    copy = json.loads(json.dumps(GOOD))
    place = copy
    for part in path[:-1]:
        place = place[part]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return json.dumps(copy).encode()


def faults(text):
    with pytest.raises(BadInput) as caught:
        read_diary(text)
    return [f"{fault.where}: {fault.problem}" for fault in caught.value.faults]


def test_a_diary_of_somebody_else_is_read():
    assert valid(GOOD) == []
    found = read_diary(json.dumps(GOOD).encode())
    assert found.entries[0].target_w == 3700
    assert found.entries[1].asking.silence == "accept"
    more = json.loads(json.dumps(GOOD)) | {"later": {"than": "us"}}
    assert read_diary(json.dumps(more).encode()) == found


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (["format"], "other", "format: "),
        (["version"], 2, "version: version 2 is not known"),
        (["asset"], "", "asset: "),
        (["issued"], "2026-02-30T00:00:00Z", "issued: there is no"),
        (["issued"], "2026-04-22T20:00:00+02:00", "issued: "),
        (["revision"], 2, "previous: all revisions but the first"),
        (["previous"], "0" * 64, "previous: all revisions but the first"),
        (["begin_power_w"], 500, "does not say what it changes"),
        (["begin_power_w"], 0.5, "begin_power_w: "),
        (["window", "end"], "2026-04-22T19:00:00Z", "window: ends at"),
        (["window", "end"], "2026-04-23T03:00:00Z", "entries[1]: "),
        (["entries", 0, "verb"], "CHARGE", "entries[0].verb: "),
        (["entries", 0, "target_w"], 0, "entries[0].target_w: "),
        (["entries", 1, "target_w"], 7, "entries[1].target_w: "),
        (["entries", 0, "expected_saving_nano"], 12, "entries[0].expected_saving_nano: "),
        (["entries", 0, "expected_saving_nano"], "-0", "entries[0].expected_saving_nano: "),
        (["entries", 0, "reason", "kind"], "whim", "entries[0].reason.kind: "),
        (["entries", 0, "at"], "2026-04-23T04:00:00Z", "is not later"),
        (["entries", 0, "verb"], "INCREASE RATE", "does not say what it changes"),
        (["entries", 1, "asking"], None, "entries[1].asking: "),
        (["entries", 1, "asking", "until"], "2026-04-31T01:00:00Z", "entries[1].asking.until: "),
        (["entries", 0, "state"], None, "'state' is a required property"),
    ],
)
def test_what_is_wrong_is_named(path, value, told):
    found = faults(changed(path, value))
    assert any(told in one for one in found), found


def test_every_fault_is_told_of_at_once():
    copy = json.loads(changed(["asset"], ""))
    copy["entries"][0]["verb"], copy["revision"] = "GO", 0
    assert len(faults(json.dumps(copy).encode())) == 3


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b"[" * 100_000, b"[]", b"null", b"3"])
def test_what_is_no_diary_is_refused(text):
    assert len(faults(text)) == 1


def test_a_huge_file_is_refused():
    assert "at most" in faults(b" " * (4 * 1024 * 1024 + 1))[0]


def test_the_published_schema_is_the_one_of_the_code():
    jsonschema.Draft202012Validator.check_schema(schema())
    page = Path(__file__).parents[3] / "docs" / "diary.schema.json"
    assert json.loads(page.read_text("utf-8")) == schema()


def test_verbs_are_spelt_alike_everywhere():
    entry = schema()["$defs"]["Entry"]
    assert set(entry["properties"]["verb"]["enum"]) == {verb.words for verb in Verb}


def test_instants_are_whole_seconds_in_utc():
    assert instant_of("1970-01-01T00:01:00Z") == 60
    for text in ("1970-01-01T00:01:00+00:00", "1970-01-01", "0000-01-01T00:00:00Z"):
        with pytest.raises(ValueError, match=r"instant|out of range|year"):
            instant_of(text)


def test_modes_reach_the_document(made):
    power = np.array([[700, 0, 0, 0, 0, 0]] * 2)
    diaries, told, slots = written(made, (power, np.zeros(2, np.int64), None, 1, 0))
    modes = msgspec.structs.replace(
        told.modes, mode=np.full(2, Mode.ASK, np.int8), notice_s=np.full(2, 300)
    )
    status = status_of(diaries.instructions, modes, Answers.none(4), slots.start - 9000)
    asked = msgspec.structs.replace(told, modes=modes, status=status)
    found = document_of(diaries, asked, HOME, slots.start - 9000)
    assert [one.state for one in found.entries] == ["asked", "asked"]
    assert instant_of(found.entries[0].asking.until) == slots.start - 300
    assert found.entries[0].asking.silence == "decline"
