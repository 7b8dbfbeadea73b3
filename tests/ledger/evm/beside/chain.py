"""A chain in this process with the contracts beside the ledger on it; tests and gas.py use it."""

from pathlib import Path

from gridpact.agreements.addresses import checksummed
from gridpact.agreements.keys import WalletKey
from gridpact.ledger.evm.artifacts import Contract, contract
from gridpact.ledger.evm.typed import Domain, compact, in_order
from gridpact.ledger.evm.words import id_of

HERE = Path(__file__).parent
CONTRACTS = HERE.parents[3] / "src" / "gridpact" / "ledger" / "evm" / "contracts"
COUNCIL, QUORUM = 4, 3
WINDOW, LAPSE, NOTICE = 86_400, 30 * 86_400, 7 * 86_400
EUR, GO = id_of("eur"), id_of("go-1")
NONE = (bytes(32), bytes(32))
NOBODY = bytes(20)


class Refused(Exception):  # noqa: N818
    """A contract reverted, with its reason."""


def room_contract():
    """Compile the plain room of the tests."""
    from vyper.compiler import compile_code
    from vyper.compiler.input_bundle import FilesystemInputBundle
    from vyper.compiler.settings import Settings

    path = HERE / "Room.vy"
    made = compile_code(
        path.read_text(),
        contract_path=path,
        input_bundle=FilesystemInputBundle([CONTRACTS]),
        output_formats=["abi", "bytecode"],
        settings=Settings(evm_version="london"),
    )
    return Contract("Room", made)


class At:
    """A contract at its address."""

    def __init__(self, chain, name, address, kind):
        self.chain, self.name, self.address, self.kind = chain, name, address, kind

    def domain(self):
        return Domain(
            f"gridpact {self.name.lower()}", self.chain.id, bytes.fromhex(self.address[2:])
        )

    def send(self, function, *arguments, by=0):
        """Call and change; the receipt, or Refused."""
        return self.chain.send(by, self.address, self.kind.data(function, *arguments))

    def ask(self, function, *arguments, by=0):
        """Call and change nothing; what it returns, or Refused."""
        data = self.chain.call(by, self.address, self.kind.data(function, *arguments))
        found = self.kind.returned(function, data)
        return found[0] if len(found) == 1 else found

    def events(self, receipt):
        """Names and values of this contract's events in a receipt."""
        kinds = {each.topic: (name, each) for name, each in self.kind.events.items()}
        found = []
        for log in receipt["logs"]:
            topics = tuple(bytes.fromhex(each[2:]) for each in log["topics"])
            if log["address"] == self.address and topics[0] in kinds:
                name, event = kinds[topics[0]]
                found.append((name, event.read(_Log(topics, bytes.fromhex(log["data"][2:])))))
        return found


class _Log:
    def __init__(self, topics, data):
        self.topics, self.data = topics, data


class Chain:
    """py-evm in memory; account ``n`` has the key of the number n + 1."""

    def __init__(self):
        from eth_tester import EthereumTester, PyEVMBackend

        self.tester = EthereumTester(PyEVMBackend())
        self.keys = [WalletKey(number.to_bytes(32, "big")) for number in range(1, 11)]
        self.accounts = self.tester.get_accounts()
        assert [each.lower() for each in self.accounts] == [
            "0x" + key.address.hex() for key in self.keys
        ]
        self.id = self.tester.backend.chain.chain_id
        self.council = self.keys[:COUNCIL]
        self.members = [key.address for key in self.council]
        self.room = self.deploy("Room", kind=room_contract())
        self.goods = self.deploy("Room", kind=self.room.kind)
        room, goods = (bytes.fromhex(each.address[2:]) for each in (self.room, self.goods))
        own = (self.members, QUORUM, NOBODY)
        self.attested = self.deploy("Attested", *own, room, WINDOW, LAPSE)
        self.escrow = self.deploy("Escrow", *own, room, goods, NOTICE)
        self.channels = self.deploy("Channels", *own, room)
        self.shards = self.deploy("Shards", *own, NOBODY)
        for each in (self.attested, self.escrow, self.channels):
            self.room.send("register", each.address)
            self.goods.send("register", each.address)

    @classmethod
    def over(cls, tester, keys):
        """Wrap a chain that is there, for some keys with money; nothing is deployed."""
        self = cls.__new__(cls)
        self.tester, self.keys, self.council = tester, keys, keys[:COUNCIL]
        self.accounts = [checksummed(key.address) for key in keys]
        self.id = tester.backend.chain.chain_id
        self.members = [key.address for key in self.council]
        return self

    def deploy(self, name, *arguments, kind=None):
        kind = kind or contract(name)
        receipt = self.send(0, "", kind.creation(*arguments))
        found = At(self, name, receipt["contract_address"], kind)
        found.made = receipt
        return found

    def vaulted(self, owners, ledger=NOBODY):
        """Deploy a vault on the plain room, which stands for a ledger, for holders' accounts."""
        for name, account in owners.items():
            self.room.send("bind", id_of(name), self.keys[account].address)
        front = bytes.fromhex(self.room.address[2:])
        return self.deploy("Vault", self.members, QUORUM, ledger, front, 4, id_of("vault"))

    def send(self, by, to, data, gas=8_000_000):
        from eth_tester.exceptions import TransactionFailed

        transaction = {"from": self.accounts[by], "gas": gas, "data": "0x" + data.hex(), "to": to}
        try:
            made = self.tester.send_transaction({**transaction, "value": 0})
        except TransactionFailed as error:
            raise Refused(str(error)) from error
        receipt = self.tester.get_transaction_receipt(made)
        if not receipt["status"]:
            self.call(by, to, data)  # to hear the reason
            raise Refused("no reason")
        return receipt

    def call(self, by, to, data):
        from eth_tester.exceptions import TransactionFailed

        transaction = {"from": self.accounts[by], "gas": 8_000_000, "to": to}
        try:
            found = self.tester.call({**transaction, "data": "0x" + data.hex()})
        except TransactionFailed as error:
            raise Refused(str(error)) from error
        return bytes.fromhex(found[2:])

    def now(self):
        return self.tester.get_block_by_number("pending")["timestamp"]

    def wait(self, seconds):
        self.tester.time_travel(self.now() + seconds)

    def signed(self, digest, keys=None):
        """Signatures of a council over a digest; its first three unless named."""
        chosen = self.council[:QUORUM] if keys is None else keys
        return in_order(digest, [key.sign(digest) for key in chosen])

    def endow(self, name, units, account, asset=EUR, room=None):
        """Give somebody units, for whom an account may act."""
        where = room or self.room
        where.send("endow", asset, id_of(name), self.keys[account].address, units)

    def has(self, name, asset=EUR, room=None):
        holder = id_of(name) if isinstance(name, str) else name
        return (room or self.room).ask("balance_of", asset, holder)

    def held_by(self, contract, asset=EUR, room=None):
        """What a contract holds for others."""
        return self.has(bytes.fromhex(contract.address[2:]).rjust(32, b"\0"), asset, room)


def one(signature):
    """A single signature [65 bytes] as contracts take it."""
    return compact(signature)
