"""A node over JSON-RPC through web3.py, or an EVM within this process with the same answers."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from gridpact.base.errors import BadInput, Fault, StoreError
from gridpact.ledger.evm.node import (
    IMMEDIATE,
    Answer,
    Block,
    Finality,
    Log,
    Mined,
    NodeDown,
    NodeLies,
    NodeTrouble,
    Reverted,
    Sent,
    Transaction,
    WrongChain,
)

if TYPE_CHECKING:
    from web3 import Web3

T = TypeVar("T")
MISSING = "ledgers on a chain need an extra: pip install 'gridpact[evm]'"
LOG_BLOCKS = 2000
"""Blocks asked for events in one request; public nodes refuse much longer ranges."""
_SAID = (
    (Answer.KNOWN, r"already known|known transaction|already imported|ALREADY_EXISTS"),
    (Answer.PAST, r"nonce too low|nonce is too low|NONCE_TOO_LOW|nonce.*already used"),
    (
        Answer.UNDERPRICED,
        r"underpriced|than block('s)? base fee|gas ?price.*(low|below)|unit price|fee.*too low",
    ),
)
_NONCE = re.compile(r"Expected (\d+), but got (\d+)")
_REVERTED = re.compile(r"^(?:execution reverted:?|VM Exception[^:]*:)\s*", re.IGNORECASE)
_ASIDE = re.compile(r"^\((.*)\)$")
"""Besu puts a contract's reason in parentheses."""


def need_web3() -> None:
    """Raise StoreError, saying how it is had, where web3.py is not installed."""
    if importlib.util.find_spec("web3") is None:
        raise StoreError(MISSING)


def connect(
    address: str, chain: int, finality: Finality = IMMEDIATE, wait_s: float = 10.0
) -> Web3Node:
    """Open a node at ``http(s)://host:port`` that must serve the chain of the id ``chain``.

    Raises NodeDown where it does not answer within ``wait_s``, BadInput where ``address`` is none,
    WrongChain for another chain.
    """
    need_web3()
    from web3 import HTTPProvider, Web3
    from web3.middleware import ExtraDataToPOAMiddleware

    if not address.startswith(("http://", "https://")):
        fix = "write http://host:port or https://host:port"
        raise BadInput([Fault(f"node {address}", 0, "", "is no address of a node", fix)])
    provider = HTTPProvider(
        address, request_kwargs={"timeout": wait_s}, exception_retry_configuration=None
    )
    web3 = Web3(provider)
    web3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)  # headers with seals in them
    node = Web3Node(web3, address, finality)
    if node.chain != chain:
        problem, fix = f"serves chain {node.chain}, not {chain}", "name another, or its chain's id"
        raise WrongChain([Fault(f"node {address}", 0, "", problem, fix)])
    return node


def in_process(web3: Web3 | None = None, finality: Finality = IMMEDIATE) -> Web3Node:
    """Open an EVM within this process, made anew or the given one; needs ``eth-tester``."""
    need_web3()
    from web3 import EthereumTesterProvider, Web3

    deepest = sys.getrecursionlimit()
    made = web3 or Web3(EthereumTesterProvider())
    sys.setrecursionlimit(deepest)  # py-evm raises it, and parsers written in C would overflow
    return Web3Node(made, "in process", finality)


class Web3Node:
    """A node through a web3 connection; see :class:`.node.Node`."""

    def __init__(self, web3: Web3, place: str, finality: Finality = IMMEDIATE) -> None:
        self.web3, self.place, self.finality = web3, place, finality
        self.chain = self._ask("its chain id", lambda: int(web3.eth.chain_id))

    def head(self) -> Block:
        """Return the newest block."""
        return self._ask("its head", lambda: _block(self.web3.eth.get_block("latest")))

    def final(self) -> int:
        """Return the number of the newest block that is final; the first block always is."""
        if self.finality.tag:
            found = self._find("what is final", lambda: self.web3.eth.get_block("finalized"))
            return 0 if found is None else int(found["number"])
        head = self._ask("its head", lambda: int(self.web3.eth.block_number))
        return max(0, head - self.finality.confirmations)

    def block(self, number: int) -> Block | None:
        """Return a block of the chain as it is now, None beyond its head."""
        found = self._find(f"block {number}", lambda: self.web3.eth.get_block(number))
        if found is None:
            return None
        block = _block(found)
        if block.number != number:
            raise NodeLies(f"node {self.place}: asked for block {number}, it gave {block.number}")
        return block

    def call(self, to: bytes, data: bytes, block: int | None = None) -> bytes | Reverted:
        """Run a contract's function without a transaction, upon the head or an older block."""
        fields = {"to": _checksum(to), "data": data}
        at: int | Literal["latest"] = "latest" if block is None else block
        return self._try("a call", lambda: bytes(self.web3.eth.call(_params(fields), at)))

    def estimate(self, sender: bytes, to: bytes, data: bytes) -> int | Reverted:
        """Estimate the gas of a transaction; to nowhere (``b""``) it makes a contract."""
        fields = {"from": _checksum(sender), "data": data}
        if to:
            fields["to"] = _checksum(to)
        return self._try("an estimate", lambda: int(self.web3.eth.estimate_gas(_params(fields))))

    def price(self) -> int:
        """Return what the node would pay for a unit of gas now, at least the base fee [wei]."""
        price = self._ask("the price of gas", lambda: int(self.web3.eth.gas_price))
        head = self._ask("its head", lambda: self.web3.eth.get_block("latest"))
        return max(price, int(head.get("baseFeePerGas", 0)))

    def nonce(self, address: bytes, *, waiting: bool = False, block: int | None = None) -> int:
        """Count an account's transactions: now, with those that wait, or up to a block."""
        account, at = (
            _checksum(address),
            "pending" if waiting else "latest" if block is None else block,
        )
        return self._ask("a nonce", lambda: int(_eth(self).get_transaction_count(account, at)))

    def balance(self, address: bytes) -> int:
        """Return what an account can pay with [wei]."""
        return self._ask("a balance", lambda: int(_eth(self).get_balance(_checksum(address))))

    def code(self, address: bytes) -> bytes:
        """Return a contract's code, empty where there is none."""
        return self._ask("a code", lambda: bytes(_eth(self).get_code(_checksum(address))))

    def proposer(self, number: int) -> bytes:
        """Return the address that a block's header names as its proposer's [20 bytes]."""
        found = self._ask("a block", lambda: self.web3.eth.get_block(number))
        return bytes.fromhex(str(found["miner"])[2:])

    def request(self, method: str, parameters: Sequence[object]) -> object:
        """Ask what only some kinds of nodes answer."""
        asked = cast(Any, method)
        return self._ask(method, lambda: self.web3.manager.request_blocking(asked, [*parameters]))

    def send(self, raw: bytes) -> Sent:
        """Hand a signed transaction to the node."""
        try:
            with self._reached("a transaction"):
                self.web3.eth.send_raw_transaction(raw)
        except _errors() as error:
            return _answered(_words(error))
        return Sent(Answer.TAKEN)

    def transaction(self, hash_: bytes) -> Transaction | None:
        """Look a transaction up, mined or waiting."""
        found = self._find("a transaction", lambda: _eth(self).get_transaction(hash_))
        if found is None:
            return None
        transaction = _transaction(found)
        if transaction.hash != hash_:
            raise NodeLies(f"node {self.place}: asked for transaction {hash_.hex()}, gave another")
        return transaction

    def receipt(self, hash_: bytes) -> Mined | None:
        """Return what a transaction came to; None where it is in no block of the chain now."""
        for _ in range(3):  # a reorganisation may come between receipt and block; not each time
            found = self._find("a receipt", lambda: _eth(self).get_transaction_receipt(hash_))
            if found is None or found.get("blockHash") is None:
                return None
            mined = _mined(found)
            block = self.block(mined.block)
            fault = _receipt_fault(mined, hash_, block)
            if not fault:
                return mined
        raise NodeLies(f"node {self.place}: {fault}")

    def logs(
        self, address: bytes, first: int, last: int, topics: Sequence[bytes] = ()
    ) -> Iterator[Log]:
        """Yield a contract's events of blocks ``first`` to ``last``, in bounded ranges."""
        last = min(last, self.head().number)
        for low in range(first, last + 1, LOG_BLOCKS):
            high = min(low + LOG_BLOCKS - 1, last)
            for log in self._logs(address, low, high, topics):
                begins = log.topics[: len(topics)] == tuple(topics)
                if not (low <= log.block <= high and log.address == address and begins):
                    raise NodeLies(f"node {self.place}: it gave an event that was not asked for")
                yield log

    def _logs(self, address: bytes, low: int, high: int, topics: Sequence[bytes]) -> list[Log]:
        asked = {
            "address": _checksum(address),
            "fromBlock": low,
            "toBlock": high,
            "topics": [f"0x{topic.hex()}" for topic in topics],
        }
        return self._ask("events", lambda: [_log(each) for each in _eth(self).get_logs(asked)])

    def close(self) -> None:
        """Let go of the connection."""

    def _ask(self, what: str, ask: Callable[[], T]) -> T:
        """Answer of the node to what must have one."""
        try:
            with self._reached(what):
                return ask()
        except _errors() as error:
            raise NodeTrouble(f"node {self.place}: asked for {what}, {_words(error)}") from error

    def _find(self, what: str, ask: Callable[[], T]) -> T | None:
        """Answer of the node, None for what is not there."""
        from web3.exceptions import BlockNotFound, TransactionNotFound

        def found() -> T | None:
            try:
                return ask()
            except (BlockNotFound, TransactionNotFound):
                return None

        return self._ask(what, found)

    def _try(self, what: str, ask: Callable[[], T]) -> T | Reverted:
        """Answer of a contract, or that it refused."""
        from web3.exceptions import ContractLogicError

        try:
            return self._ask(what, ask)
        except NodeTrouble as error:
            said = _words(error.__cause__ or error)
            if isinstance(error.__cause__, ContractLogicError) or _REVERTED.match(said):
                return Reverted(_ASIDE.sub(r"\1", _REVERTED.sub("", said)))
            raise

    @contextmanager
    def _reached(self, what: str) -> Iterator[None]:
        """Turn what tells of a node out of reach into NodeDown."""
        from requests.exceptions import RequestException
        from web3.exceptions import ProviderConnectionError, RequestTimedOut

        try:
            yield
        except (RequestException, ProviderConnectionError, RequestTimedOut, OSError) as error:
            raise NodeDown(
                f"node {self.place} does not answer (asked for {what}); start it or name another"
            ) from error


def _eth(node: Web3Node) -> Any:
    return node.web3.eth


def _params(fields: Mapping[str, object]) -> Any:
    return dict(fields)


def _errors() -> tuple[type[Exception], ...]:
    """What a node's error and a senseless answer are raised as, here and by an EVM in process."""
    from eth_utils.exceptions import ValidationError
    from web3.exceptions import Web3Exception

    tester = sys.modules.get("eth_tester.exceptions")
    theirs = (tester.TransactionFailed, tester.ValidationError) if tester else ()
    senseless = (ValueError, KeyError, TypeError, AttributeError)
    return (Web3Exception, ValidationError, *senseless, *theirs)


def _words(error: BaseException) -> str:
    """What a node said, in a line."""
    said = getattr(error, "message", None) or str(error)
    response = getattr(error, "rpc_response", None)
    if isinstance(response, Mapping) and isinstance(response.get("error"), Mapping):
        said = response["error"].get("message") or said
    return " ".join(str(said).split()) or type(error).__name__


def _answered(said: str) -> Sent:
    if found := _NONCE.search(said):  # an EVM in process keeps no transactions that wait
        expected, got = map(int, found.groups())
        return Sent(Answer.PAST if got < expected else Answer.REFUSED, said)
    for answer, pattern in _SAID:
        if re.search(pattern, said, re.IGNORECASE):
            return Sent(answer, said)
    return Sent(Answer.REFUSED, said)


def _receipt_fault(mined: Mined, hash_: bytes, block: Block | None) -> str:
    """Say how a receipt contradicts the block that it names; ``""`` where it does not."""
    if mined.hash != hash_:
        return f"asked for the receipt of {hash_.hex()}, it gave one of {mined.hash.hex()}"
    if block is None:
        return f"a receipt names block {mined.block}, which it does not have"
    if block.hash != mined.block_hash:
        return f"a receipt names another block {mined.block} than the one it has"
    if hash_ not in block.transactions:
        return f"a receipt names block {mined.block}, which does not hold the transaction"
    if any((log.transaction, log.block_hash) != (hash_, block.hash) for log in mined.logs):
        return f"a receipt of block {mined.block} holds events of another transaction"
    return ""


def _checksum(address: bytes) -> str:
    from eth_utils.address import to_checksum_address

    return to_checksum_address(address)


def _block(found: Mapping[str, Any]) -> Block:
    hashes = tuple(map(bytes, found.get("transactions", ())))
    number, parent = int(found["number"]), bytes(found["parentHash"])
    at, limit = int(found["timestamp"]), int(found.get("gasLimit", 0))
    return Block(number, bytes(found["hash"]), parent, at, hashes, limit)


def _log(found: Mapping[str, Any]) -> Log:
    return Log(
        address=bytes.fromhex(found["address"][2:]),
        topics=tuple(map(bytes, found["topics"])),
        data=bytes(found["data"]),
        block=int(found["blockNumber"]),
        block_hash=bytes(found["blockHash"]),
        transaction=bytes(found["transactionHash"]),
        index=int(found["logIndex"]),
    )


def _mined(found: Mapping[str, Any]) -> Mined:
    made = found.get("contractAddress")
    return Mined(
        hash=bytes(found["transactionHash"]),
        block=int(found["blockNumber"]),
        block_hash=bytes(found["blockHash"]),
        ok=int(found["status"]) == 1,
        gas=int(found["gasUsed"]),
        logs=tuple(map(_log, found["logs"])),
        contract=bytes.fromhex(made[2:]) if made else b"",
    )


def _transaction(found: Mapping[str, Any]) -> Transaction:
    to, number = found.get("to"), found.get("blockNumber")
    data = found["input"]
    return Transaction(
        hash=bytes(found["hash"]),
        sender=bytes.fromhex(found["from"][2:]),
        to=bytes.fromhex(to[2:]) if to else b"",
        nonce=int(found["nonce"]),
        data=bytes.fromhex(data[2:]) if isinstance(data, str) else bytes(data),
        block=None if number is None else int(number),
    )
