"""Signatures checked by many processes: what is found is what one finds."""

import os
import signal

from gridpact.ledger.acts import ED25519, Claim, all_held, drafted, signed
from gridpact.ledger.claims import checking
from gridpact.ledger.entries import canonical
from gridpact.ledger.keys import demonstration_key
from gridpact.ledger.kinds.participants import ParticipantAuthorised
from gridpact.ledger.merkle import leaf_hash
from gridpact.ledger.state.admission import Admission, Offered
from gridpact.ledger.state.snapshot import frozen, thawed

CLAIMS = 200


def claims(wrong):
    key = demonstration_key(1)
    made = [Claim(key.public.raw, b"%d" % n, key.sign(b"%d" % n)) for n in range(CLAIMS)]
    return [each._replace(message=b"other") if n in wrong else each for n, each in enumerate(made)]


def test_the_same_signatures_are_refused_however_many_check():
    wrong = {0, 63, 64, 130, 199}
    offered = claims(wrong)
    expected = [n not in wrong for n in range(CLAIMS)]
    with checking(1) as alone, checking(2) as two:
        assert list(alone(offered)) == list(two(offered)) == all_held(offered) == expected
        assert list(two(offered[:3])) == expected[:3]
        assert list(two([])) == []
        pool, _ = two.args
        (process,) = pool._processes
        os.kill(process, signal.SIGKILL)
        assert list(two(offered)) == expected


def test_two_processes_name_the_same_act(founded, authority, tmp_path, monkeypatch):
    monkeypatch.setattr("gridpact.ledger.claims._AT_ONCE", 1)
    ledger, _ = founded(tmp_path / "ledger.db")
    block = []
    for number, name in enumerate(("eve", "fay", "gus")):
        entry = ParticipantAuthorised(name, "prosumer")
        act = drafted(("auth",), [entry], sequence=number + 2, at=20, why="joined")
        key = demonstration_key(666) if name == "fay" else authority
        block += [signed(act, ledger.genesis, "auth", key), entry]
    leaves = [leaf_hash(canonical(entry)) for entry in block]
    offered = Offered(block, leaves, 20, authority.public.raw)
    with ledger, checking(2) as two:
        found = [
            Admission(ledger.genesis, thawed(frozen(ledger.state())), scheme).take(offered)
            for scheme in (ED25519, ED25519._replace(check=two))
        ]
        assert ledger.examine(jobs=2) == ledger.examine()
    assert found[0] == found[1]
    assert [(fault.file, fault.where) for fault in found[0]] == [("entry 2", "act.signatures")]
