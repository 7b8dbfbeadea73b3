"""A ledger of authorities goes on where its past has left, and knows who may do what."""

import pytest

from gridpact.base.errors import StoreError
from gridpact.ledger.acts import drafted, signed
from gridpact.ledger.keys import demonstration_key
from gridpact.ledger.kinds.founding import LedgerFounded
from gridpact.ledger.kinds.participants import ParticipantAuthorised
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.port import Receipt, Refused

OTHER = demonstration_key(8)


def act(ledger, authority, number):
    """An act of the first authority's, which admits somebody."""
    entries = [ParticipantAuthorised(f"p{number}", "prosumer")]
    draft = drafted(("auth",), entries, sequence=number, at=20 + number, why="as asked")
    return [signed(draft, ledger.genesis, "auth", authority), *entries]


@pytest.fixture
def head(place, authority, tmp_path):
    """Seven blocks, sealed in turns by two authorities; blocks 2 to 4 have left."""
    with (
        LocalLedger(place, authority) as one,
        LocalLedger(place, authority.public, sealer=OTHER) as other,
    ):
        names = (("auth", authority.public.raw), ("beta", OTHER.public.raw))
        assert isinstance(one.commit("found", [LedgerFounded(names, 1, 300)], 10), Receipt)
        for number in range(1, 7):
            ledger = (one, other)[number % 2]
            entries = act(ledger, authority, number)
            assert isinstance(ledger.commit(f"act/{number}", entries, 20 + number), Receipt)
        assert one.archive(tmp_path, 4).size == 7
        return one.head()


def test_it_goes_on_without_the_segment(place, authority, head):
    with LocalLedger(place, authority.public, sealer=OTHER) as ledger:
        found = ledger.examine(head)
        assert (found.head, found.entries, len(found.unread)) == (head, 7, 1)
        again = ledger.commit("again", act(ledger, authority, 2), 22)
        assert isinstance(again, Refused)  # an act of the past, replayed
        assert isinstance(ledger.commit("act/7", act(ledger, authority, 7), 27), Receipt)
        assert ledger.examine(head).head.height == 8
        with pytest.raises(StoreError, match="has left the ledger"):
            ledger.entries(2, 3)


def test_all_of_it_verifies_with_the_segment(place, authority, head, tmp_path):
    with LocalLedger(place, authority.public, archive=[tmp_path]) as ledger:
        found = ledger.examine(head)
        assert (found.head, found.entries, found.unread) == (head, head.size, ())
        assert ledger.prove(4).root == head.root
