"""A ledger that answers at once is used block by block behind the methods of a flow."""

from gridpact.ledger.flowing import flowing
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.port import Receipt


def test_a_local_log_is_told_of_at_once(path, authority, some_entries):
    told = []
    with (
        LocalLedger(path, authority) as ledger,
        flowing(ledger, lambda *answer: told.append(answer)) as flow,
    ):
        for key, entries in (("a", some_entries), ("b", some_entries[:1]), ("a", some_entries)):
            assert flow.commit(key, entries, 10) is None
            assert isinstance(told[-1][1], Receipt)
        assert "used for other entries" in flow.commit("a", some_entries[:1], 10).reason
        assert "nothing to commit" in flow.commit("c", [], 10).reason
        assert [key for key, _ in told] == ["a", "b", "a"]
        assert [answer.height for _, answer in told] == [1, 2, 1]
        assert ledger.verify().height == 2
