"""A ledger on a chain within this process: one deployment, rewound for each that begins anew."""

import itertools

from gridpact.agreements.addresses import checksummed
from gridpact.ledger.evm.accounts import Account
from gridpact.ledger.evm.deploying import deploy
from gridpact.ledger.evm.evm import EvmLedger
from gridpact.ledger.evm.outbox import Outbox
from gridpact.ledger.evm.rpc import in_process
from gridpact.ledger.evm.sending import Policy, Sender
from gridpact.ledger.evm.signing import demonstration_key
from gridpact.ledger.keys import derived_secret
from gridpact.ledger.port import Refused

GAS = 8_000_000
RICH = 10**24


def secret_of(name: str) -> bytes:
    return derived_secret(11, "chain key", name)


def key_of(name: str):
    return demonstration_key(11, name)


class Lane:
    """A chain on which a ledger is deployed by auth-a; ``rewind`` makes it empty again."""

    def __init__(self) -> None:
        self.node = in_process()
        self.tester = self.node.web3.provider.ethereum_tester
        self.rich = self.node.web3.eth.accounts[0]
        for name in ("auth-a", "auth-b", "auth-c", "ada"):
            self.fund(key_of(name).address)
        self.senders = {}
        self.deployed = deploy(self.sender("auth-a"), "lane")
        self._marks = {}
        self.mark("empty")

    def mark(self, name: str) -> None:
        """Remember the chain as it is now."""
        self._marks[name] = self.tester.take_snapshot()

    def has(self, name: str) -> bool:
        return name in self._marks

    def fund(self, address: bytes) -> None:
        fields = {"from": self.rich, "to": checksummed(address), "value": RICH // 10**6}
        self.node.web3.eth.send_transaction(fields)

    def rewind(self, to: str = "empty") -> None:
        self.tester.revert_to_snapshot(self._marks[to])
        self.senders.clear()

    def sender(self, name: str) -> Sender:
        if name not in self.senders:
            policy = Policy(gas=GAS, wait_s=0, poll_s=0)
            account = Account(secret_of(name))
            self.senders[name] = Sender(self.node, Outbox(":memory:"), account, policy)
        return self.senders[name]

    def ledger(self, name: str | None = "auth-a", **how) -> EvmLedger:
        sender = self.sender(name) if name else None
        how = {"since": self.deployed.since, **how}
        return EvmLedger(self.node, self.deployed.front, sender=sender, **how)


class Chain:
    """The conformance suite's ledger on a chain; each authority seals by its own account."""

    def __init__(self, lane: Lane, begins: str = "empty") -> None:
        lane.rewind(begins)
        self.lane, self._open, self._keys = lane, {}, itertools.count()
        self._begins = begins
        self.first = self.sealing("auth-a")
        self.genesis = self.first.genesis

    def sealing(self, name: str) -> EvmLedger:
        if name not in self._open:
            self._open[name] = self.lane.ledger(name)
        return self._open[name]

    @property
    def state(self):
        return self.first.state()

    def commit(self, entries, at, sealer):
        names = {key_of(name).public: name for name in ("auth-a", "auth-b", "auth-c", "ada")}
        ledger = self.sealing(names[sealer.public])
        answer = ledger.commit(f"{self._begins}/{next(self._keys)}", entries, at)
        if isinstance(answer, Refused):
            assert answer.faults, answer  # else the chain refused what the rules here allow
            return answer.faults
        return ()

    def size(self):
        return self.first.verify().size

    def close(self):
        for each in self._open.values():
            each.close()
