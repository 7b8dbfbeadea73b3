"""Value to sentence to value, and value to JSON to value, for needs of every kind."""

import json

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings

from gridpact.base.errors import BadInput
from gridpact.scheduling.needs.grammar.parse import parse
from gridpact.scheduling.needs.grammar.write import sentence
from gridpact.scheduling.needs.model import KINDS, Assets, StateOfCharge, kind_of
from gridpact.scheduling.needs.times import Moment
from gridpact.scheduling.needs.validation import faults_of
from gridpact.scheduling.needs.wire import (
    from_json,
    schema,
    to_json,
)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_need_of_every_kind_survives_its_sentence_and_its_json(kind, said):
    @settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
    @given(need=said.needs((kind,)))
    def there_and_back(need):
        assert faults_of(need) == ()
        try:
            again = parse(sentence(need), said.context)
        except BadInput as refused:  # only a time that the clock skips on its day, or never comes
            told = " ".join(fault.problem for fault in refused.faults)
            assert "does not exist" in told or "never comes" in told
        else:
            assert again == need
            assert sentence(again) == sentence(need)
        assert from_json(to_json(need)) == need

    there_and_back()


def test_json_has_one_way_to_write_a_need_and_fits_the_schema(said):
    valid = jsonschema.Draft202012Validator(schema())

    @settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
    @given(need=said.needs())
    def fits(need):
        text = to_json(need)
        value = json.loads(text)
        assert value["kind"] == kind_of(need)
        shortest = {"sort_keys": True, "separators": (",", ":"), "ensure_ascii": False}
        assert json.dumps(value, **shortest).encode() == text
        valid.validate(value)

    fits()


@pytest.mark.parametrize(
    ("text", "where", "problem"),
    [
        (b"{", "", "truncated"),
        (b'{"kind":"wash"}', "$.kind", "wash"),
        (b'{"kind":"quiet","owner":"a"}', "", "missing required field"),
        (b'{"kind":"quiet","owner":1}', "$.owner", "expected `str`"),
        (
            b'{"kind":"quiet","owner":"a","subject":SUBJECT,"window":WINDOW,"colour":1}',
            "",
            "colour",
        ),
        (
            b'{"kind":"quiet","owner":"","subject":SUBJECT,"window":WINDOW}',
            "quiet.owner",
            "is empty",
        ),
    ],
)
def test_json_that_is_no_need_is_refused_by_field(text, where, problem):
    text = text.replace(b"SUBJECT", b'{"of":"assets","ids":["a"]}')
    text = text.replace(b"WINDOW", b'{"begin_s":0,"end_s":60}')
    with pytest.raises(BadInput) as refused:
        from_json(text)
    assert [one for one in refused.value.faults if one.where == where and problem in one.problem]


def test_bounds_in_two_units_have_no_sentence():
    need = StateOfCharge(
        owner="home-1", subject=Assets(("b",)), at=Moment(0), least_ppm=1, most_wh=5
    )
    assert faults_of(need) == ()
    with pytest.raises(ValueError, match="two needs"):
        sentence(need)
