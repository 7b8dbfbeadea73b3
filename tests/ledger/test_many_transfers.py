"""Transfers folded in by thousands come to what each folded in by itself comes to."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from gridpact.ledger.acts import drafted, signed
from gridpact.ledger.keys import demonstration_key
from gridpact.ledger.kinds.fields import Kind
from gridpact.ledger.kinds.money import TokensMinted, TokensTransferred
from gridpact.ledger.kinds.participants import KeyBound, ParticipantSuspended
from gridpact.ledger.port import Refused
from gridpact.ledger.relations import all_fine, relations_of
from gridpact.ledger.state.holdings import all_tokens_transferred, tokens_transferred
from gridpact.ledger.state.state import Participant, State

NAMES = ("ada", "bob", "cyd", "suspended", "unknown")
TRANSFERS = st.lists(
    st.builds(
        TokensTransferred,
        st.sampled_from(("eur", "kwh")),
        st.sampled_from(NAMES),
        st.sampled_from(NAMES),
        st.integers(1, 4),
    ),
    max_size=40,
)


def begun(balances):
    state = State()
    for name in NAMES[:3]:
        state.participants.put(name, Participant("authorised", ("prosumer",)))
    state.participants.put("suspended", Participant("suspended", ("prosumer",)))
    for key, units in balances.items():
        state.balances.put(key, units)
    state.log.keep()
    return state


@given(
    TRANSFERS,
    st.dictionaries(
        st.tuples(st.sampled_from(("eur", "kwh")), st.sampled_from(NAMES)), st.integers(1, 9)
    ),
)
def test_many_at_once_come_to_the_same_as_one_by_one(entries, balances):
    entries = [each for each in entries if each.sender != each.receiver]  # refused before
    one, many = begun(balances), begun(balances)
    expected = [
        (place, problems)
        for place, entry in enumerate(entries)
        if (problems := tokens_transferred(one, entry))
    ]
    assert list(all_tokens_transferred(many, entries, set())) == expected
    assert many.balances.rows == one.balances.rows
    many.log.undo()
    assert many.balances.rows == balances


@given(TRANSFERS)
def test_fields_are_looked_at_together_as_each_by_itself(entries):
    look = relations_of(TokensTransferred)
    assert all_fine(TokensTransferred, entries) == (not any(any(look(each)) for each in entries))


def test_the_one_transfer_that_is_too_large_is_named(founded, tmp_path):
    ledger, act = founded(tmp_path / "ledger.db")
    operator = demonstration_key(3)
    assert not isinstance(act(KeyBound("auth-operator", operator.public.raw)), Refused)

    def move(sequence, *entries: Kind):
        draft = drafted(("auth-operator",), entries, sequence=sequence, at=20, why="energy")
        whole = signed(draft, ledger.genesis, "auth-operator", operator)
        return ledger.commit(f"move/{sequence}", [whole, *entries], 20)

    with ledger:
        assert not isinstance(move(1, TokensMinted("eur", "ada", 9, "in")), Refused)
        small, large = (TokensTransferred("eur", "ada", "bob", units) for units in (3, 4))
        answer = move(2, small, small, large, small)
        assert isinstance(answer, Refused)
        assert [fault.file for fault in answer.faults] == ["entry 3"]
        assert "ada has 3 eur, not 4" in answer.faults[0].problem
        assert not isinstance(move(2, small, small, small), Refused)
        assert ledger.state().balances.rows == {("eur", "bob"): 9}
        assert ledger.verify() == ledger.head()


def test_who_was_able_before_is_looked_at_again(founded, tmp_path):
    """Suspended, also by a block that is refused as a whole, and within one."""
    ledger, act = founded(tmp_path / "ledger.db")
    operator = demonstration_key(3)
    act(KeyBound("auth-operator", operator.public.raw))
    sequence = itertools.count(1)

    def moved(number, *entries, before=()):
        draft = drafted(("auth-operator",), entries, sequence=number, at=20, why="energy")
        whole = signed(draft, ledger.genesis, "auth-operator", operator)
        return ledger.commit(f"move/{number}/{len(before)}", [*before, whole, *entries], 20)

    one = TokensTransferred("eur", "ada", "bob", 1)
    with ledger:
        assert not isinstance(moved(next(sequence), TokensMinted("eur", "ada", 99, "in")), Refused)
        assert not isinstance(moved(next(sequence), one, one), Refused)
        suspend = ParticipantSuspended("bob")
        draft = drafted(("auth",), [suspend], sequence=3, at=20, why="unpaid")
        both = [signed(draft, ledger.genesis, "auth", demonstration_key(7)), suspend]
        due = next(sequence)
        answer = moved(due, one, one, before=both)
        assert isinstance(answer, Refused)
        assert [fault.file for fault in answer.faults] == ["entry 3", "entry 4"]
        assert not isinstance(moved(due, one, one), Refused), "the block changed nothing"
        assert not isinstance(ledger.commit("suspended", both, 20), Refused)
        answer = moved(next(sequence), one, one)
        assert isinstance(answer, Refused)
        assert {fault.problem for fault in answer.faults} == {"bob is suspended"}
