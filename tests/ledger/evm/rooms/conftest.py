"""A ledger's contracts in this process, beside the rules in Python: each operation goes to both.

The front contract is called at once, without the adapter, which would refuse before it asks.
"""

from copy import copy
from functools import lru_cache

import pytest

from gridpact.ledger.acts import drafted
from gridpact.ledger.entries import canonical, faults
from gridpact.ledger.evm.artifacts import ROOMS, contract
from gridpact.ledger.evm.batches import packed, unfit
from gridpact.ledger.evm.signing import SCHEME, demonstration_key, governing_message, signed
from gridpact.ledger.evm.words import id_of
from gridpact.ledger.keys import derived_secret
from gridpact.ledger.kinds.founding import LedgerFounded
from gridpact.ledger.kinds.participants import KeyBound, ParticipantAuthorised, WalletBound
from gridpact.ledger.merkle import leaf_hash
from gridpact.ledger.state.admission import Admission, Offered
from gridpact.ledger.state.snapshot import frozen, thawed

AUTHORITIES = ("auth-a", "auth-b", "auth-c")
NUMBERS = {name: number for number, name in ROOMS.items()}
NOBODY = "0x" + "00" * 20
PAUSE, RESUME, REPLACE = 1, 2, 3
GAS = 15_000_000
NOW = 1_000_000


@lru_cache
def key_of(name):
    return demonstration_key(23, name)


class Chain:
    """py-evm with a ledger on it that nobody has founded yet."""

    def __init__(self):
        from eth_tester import EthereumTester, PyEVMBackend

        self.tester = EthereumTester(PyEVMBackend())
        self.strangers = self.tester.get_accounts()
        for name in AUTHORITIES:
            self.tester.add_account("0x" + derived_secret(23, "chain key", name).hex())
            self.pay(key_of(name).wallet.address)
        self.front = self.deploy("Ledger")
        self.rooms = {name: self.deploy(name, self.front, NOBODY) for name in NUMBERS}
        self.must(self.front, "Ledger", "open", [self.rooms[name] for name in ROOMS.values()])

    def pay(self, address):
        self.tester.send_transaction(
            {"from": self.strangers[0], "to": "0x" + address.hex(), "value": 10**20, "gas": 21000}
        )

    def account(self, name):
        return "0x" + key_of(name).wallet.address.hex() if isinstance(name, str) else name

    def send(self, to, data, by="auth-a"):
        """Send a transaction; return its receipt, whether or not it was taken."""
        found = self.strangers[by] if isinstance(by, int) else self.account(by)
        asked = {"from": found, "to": to, "gas": GAS, "data": "0x" + data.hex(), "value": 0}
        return self.tester.get_transaction_receipt(self._sent(asked))

    def _sent(self, asked):
        from eth_tester.exceptions import TransactionFailed

        try:
            return self.tester.send_transaction(asked)
        except TransactionFailed:  # it was mined all the same
            return self.tester.get_block_by_number("latest")["transactions"][0]

    def deploy(self, name, *arguments, by="auth-a"):
        receipt = self.send("", contract(name).creation(*arguments), by)
        assert receipt["status"] == 1, name
        return receipt["contract_address"]

    def must(self, to, kind, function, *arguments, by="auth-a"):
        receipt = self.send(to, contract(kind).data(function, *arguments), by)
        assert receipt["status"] == 1, self.why(to, contract(kind).data(function, *arguments), by)
        return receipt

    def call(self, to, data, by="auth-a"):
        """Return what a call gives, or the reason (a text) for which it is refused."""
        from eth_tester.exceptions import TransactionFailed

        found = self.strangers[by] if isinstance(by, int) else self.account(by)
        asked = {"from": found, "to": to, "gas": GAS, "data": "0x" + data.hex()}
        try:
            return bytes.fromhex(self.tester.call(asked)[2:])
        except TransactionFailed as error:
            return str(error).removeprefix("execution reverted: ") or "reverted"

    def why(self, to, data, by="auth-a"):
        found = self.call(to, data, by)
        assert isinstance(found, str), "it is taken"
        return found

    def ask(self, room, function, *arguments, to=None):
        """Read from a room by its name."""
        kind = contract(room)
        found = self.call(to or self.rooms[room], kind.data(function, *arguments))
        assert isinstance(found, bytes), found
        values = kind.returned(function, found)
        return values[0] if len(values) == 1 else values

    def events(self, receipt, room):
        """Names and values of a room's events in a receipt."""
        kinds = {each.topic: (name, each) for name, each in contract(room).events.items()}
        found = []
        for log in receipt["logs"]:
            topics = tuple(bytes.fromhex(each[2:]) for each in log["topics"])
            if log["address"] == self.rooms[room] and topics[0] in kinds:
                name, event = kinds[topics[0]]
                found.append((name, event.read(Logged(topics, bytes.fromhex(log["data"][2:])))))
        return found

    def root(self):
        """Root of the state of all accounts."""
        return self.tester.backend.chain.get_block_by_number(
            self.tester.backend.chain.get_canonical_head().block_number
        ).header.state_root


class Logged:
    def __init__(self, topics, data):
        self.topics, self.data = topics, data


class Twin:
    """A ledger in Python and one on the chain: what one takes, the other takes."""

    def __init__(self, chain, quorum=2):
        self.chain, self.nonce, self.blocks, self.entries = chain, 0, 0, ()
        self.genesis = chain.call(chain.front, contract("Ledger").data("GENESIS"))
        self.admission = Admission(self.genesis, scheme=SCHEME)
        names = tuple((name, key_of(name).public.raw) for name in AUTHORITIES)
        self.latest = None
        assert self.hand_in(LedgerFounded(names, quorum, 300)) == ""

    def copy(self):
        """A twin of the same chain whose state in Python is its own."""
        found = copy(self)
        state = thawed(frozen(self.state))
        found.admission = Admission(self.genesis, state, SCHEME)
        return found

    @property
    def state(self):
        return self.admission.state

    def act(self, by, *entries, at=NOW):
        names = (by,) if isinstance(by, str) else tuple(by)
        due = self.state.sequences.at(names[0], 0) + 1
        act = drafted(names, entries, sequence=due, at=at, why="as decided")
        for name in names:
            act = signed(act, self.genesis, name, key_of(name), entries)
        return (act, *entries)

    def data(self, *entries, at=NOW):
        """The call that hands a block in."""
        return contract("Ledger").data("commit", b"b%d" % self.blocks, at, packed(entries))

    def hand_in(self, *entries, at=NOW):
        """Let both take a block; return "" or why the contracts refuse it, as Python does too."""
        leaves = [leaf_hash(canonical(entry)) for entry in entries]
        offered = Offered(entries, leaves, at, key_of("auth-a").public.raw)
        wrong = faults(entries) or unfit(entries) or self.admission.take(offered)
        data = self.data(*entries, at=at)
        if wrong:
            found = self.chain.call(self.chain.front, data)
            assert isinstance(found, str), f"the contracts take what Python refuses: {wrong}"
            self.said = "\n".join(map(str, wrong))
            return found
        self.latest = self.chain.send(self.chain.front, data)
        if not self.latest["status"]:
            why = self.chain.why(self.chain.front, data)
            raise AssertionError(f"the contracts refuse what Python takes: {why}")
        self.blocks += 1
        self.entries = (*self.entries, *entries)
        return ""

    def do(self, by, *entries):
        """Hand in one act."""
        return self.hand_in(*self.act(by, *entries))

    def join(self, name, *roles, wallet=False):
        admitted = [ParticipantAuthorised(name, role) for role in roles]
        bound = [KeyBound(name, key_of(name).public.raw)]
        if wallet:
            bound.append(WalletBound(name, key_of(name).wallet.address))
        assert self.do("auth-a", *admitted, *bound) == ""

    def govern(self, action, room, successor=NOBODY, by=("auth-a", "auth-b")):
        """Let a quorum pause, resume or replace a room; return "" or why it is refused."""
        number, where = NUMBERS[room], bytes.fromhex(successor[2:])
        message = governing_message(self.genesis, self.nonce, action, number, where)
        made = [key_of(name).sign(message) for name in by]
        pairs = [
            [int.from_bytes(each[:32], "big"), int.from_bytes(each[32:], "big")] for each in made
        ]
        data = contract("Ledger").data(
            "govern", action, number, successor, [id_of(name) for name in by], pairs
        )
        receipt = self.chain.send(self.chain.front, data, by=0)
        if not receipt["status"]:
            return self.chain.why(self.chain.front, data, by=0)
        self.nonce += 1
        if action == REPLACE:
            self.chain.rooms = {**self.chain.rooms, room: successor}
        return ""

    def ask(self, room, function, *arguments):
        return self.chain.ask(room, function, *arguments)


@pytest.fixture(scope="session")
def deployed():
    """With an operator, and three people with wallets."""
    found = Twin(Chain())
    found.join("lane", "operator")
    for name in ("ada", "bob", "cyd"):
        found.join(name, "prosumer", wallet=True)
    return found


@pytest.fixture
def fork(deployed):
    """Make a twin that begins where all of them begin; what one did is undone before the next."""
    chain, rooms, began = deployed.chain, deployed.chain.rooms, []

    def make():
        if began:
            chain.tester.revert_to_snapshot(began.pop())
        began.append(chain.tester.take_snapshot())
        chain.rooms = rooms
        return deployed.copy()

    yield make
    if began:
        chain.tester.revert_to_snapshot(began.pop())
    chain.rooms = rooms


@pytest.fixture
def twin(fork):
    return fork()
