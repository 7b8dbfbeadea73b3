"""What the state machines of this folder share: a chain as it was, purses, who may do what."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis.stateful import run_state_machine_as_test as run

from gridpact.contracts.canonical import keccak256
from gridpact.ledger.evm.typed import digest, words
from gridpact.ledger.evm.words import id_of

PEOPLE = {"mill": 1, "pub": 2, "zoe": 3}
NAMES, UNITS, EACH = st.sampled_from(sorted(PEOPLE)), st.integers(1, 60), 100
EUR = id_of("eur")
GOVERN = keccak256(b"Govern(uint256 act,address member,uint256 quorum,uint256 nonce)")
FEW = settings(
    max_examples=2,
    stateful_step_count=10,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
MANY = settings(FEW, max_examples=8, stateful_step_count=30)


class Machine(RuleBasedStateMachine):
    """What both machines share: a chain as it was, purses, and a clock of the model's own."""

    chain = beside = None

    def __init__(self):
        super().__init__()
        self.before = self.chain.tester.take_snapshot()
        for name, account in PEOPLE.items():
            self.chain.endow(name, EACH, account)
        self.purse = dict.fromkeys(PEOPLE, EACH)

    def teardown(self):
        self.chain.tester.revert_to_snapshot(self.before)

    def does(self, allowed, call):
        """Do on the chain what the model allows, and be refused what it does not."""
        if allowed:
            call()
        else:
            with pytest.raises(self.beside.Refused):
                call()
        return allowed

    def agree(self, contract, inside):
        found = {name: self.chain.has(name) for name in PEOPLE}
        assert found == self.purse
        assert self.chain.held_by(contract) == inside
        assert sum(found.values()) + inside == EACH * len(PEOPLE)

    def govern(self, contract, act):
        """Pause (1), resume (2) or retire (3) a contract where its stage lets it; the new stage."""
        stage = contract.ask("stage")
        follows = {(0, 1): 1, (1, 2): 0, (0, 3): 2, (1, 3): 2}
        struct = keccak256(GOVERN + words(act, bytes(20), 0, contract.ask("nonce")))
        signed = self.chain.signed(digest(contract.domain().separator, struct))
        call = lambda: contract.send("govern", act, bytes(20), 0, signed)  # noqa: E731
        return follows[stage, act] if self.does((stage, act) in follows, call) else stage


def agree_with(machine, chain, beside, depth):
    """Run a machine on a chain."""

    class Bound(machine):
        pass

    Bound.chain, Bound.beside = chain, beside
    run(Bound, settings=depth)
