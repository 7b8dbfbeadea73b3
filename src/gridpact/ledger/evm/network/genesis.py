"""First blocks of networks whose validators vote: Besu's QBFT, and Istanbul of the test network.

Both list the validators in the header's ``extraData``. QBFT writes the list of vanity, validators,
votes, round and seals in RLP (https://besu.hyperledger.org, "Configure QBFT consensus"); Istanbul
writes 32 bytes of vanity, then the RLP list of validators, seal and committed seals (EIP-650).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from gridpact.ledger.evm.network.plan import Network
from gridpact.ledger.evm.rpc import need_web3

Document: TypeAlias = dict[str, object]

VANITY = bytes(32)
SEAL = bytes(65)
GAS_LIMIT = 30_000_000
"""What one block may use, and one transaction of it."""
FUEL = 10**30
"""What an account may pay fees with at first [wei]; gas costs nothing on these networks."""
EPOCH = 30_000
TIMEOUT_BLOCKS = 2
"""Blocks' time that a proposer has before the next one takes over."""
QBFT_MIX = "0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365"
"""Marks headers of Istanbul's kind (EIP-650)."""
_BORN = 0x6553F100
"""Time of genesis blocks [epoch s]; all nodes of a network must have the same."""


def qbft_extra(validators: Sequence[bytes]) -> bytes:
    """Write validators' addresses [20 bytes each] as ``extraData`` of a QBFT genesis block."""
    return _rlp([VANITY, list(validators), [], b"", []])


def istanbul_extra(validators: Sequence[bytes]) -> bytes:
    """Write validators' addresses [20 bytes each] as ``extraData`` of an Istanbul genesis block."""
    return VANITY + _rlp([list(validators), SEAL, []])


def besu_genesis(network: Network) -> Document:
    """Return Besu's genesis document of a network (London rules, gas without a price)."""
    config: Document = {
        "chainId": network.chain,
        "londonBlock": 0,
        "zeroBaseFee": True,
        "qbft": {
            "blockperiodseconds": network.block_s,
            "epochlength": EPOCH,
            "requesttimeoutseconds": TIMEOUT_BLOCKS * network.block_s,
        },
    }
    return {
        "config": config,
        "nonce": "0x0",
        "timestamp": hex(_BORN),
        "gasLimit": hex(GAS_LIMIT),
        "difficulty": "0x1",
        "mixHash": QBFT_MIX,
        "coinbase": "0x" + "00" * 20,
        "extraData": "0x" + qbft_extra(network.addresses).hex(),
        "alloc": _funded(network),
    }


def istanbul_genesis(network: Network) -> Document:
    """Return Kaia's genesis document of a test network (London rules, gas without a price)."""
    forks = ("istanbul", "london", "ethTxType", "magma", "kore")
    config: Document = {
        "chainId": network.chain,
        **{f"{fork}CompatibleBlock": 0 for fork in forks},
        "istanbul": {"epoch": EPOCH, "policy": 0, "sub": max(22, len(network.validators))},
        "unitPrice": 0,
        "deriveShaImpl": 0,
        "governance": _governance(network.addresses[0]),
    }
    return {
        "config": config,
        "timestamp": hex(_BORN),
        "extraData": "0x" + istanbul_extra(network.addresses).hex(),
        "governanceData": None,
        "blockScore": "0x1",
        "alloc": _funded(network),
        "number": "0x0",
        "gasUsed": "0x0",
        "parentHash": "0x" + "00" * 32,
    }


def _governance(first: bytes) -> Mapping[str, object]:
    """Kaia's parameters: nothing is minted, gas costs nothing, each validator may propose votes."""
    return {
        "governingNode": f"0x{first.hex()}",
        "governanceMode": "none",
        "govParamContract": "0x" + "00" * 20,
        "reward": {
            "mintingAmount": 0,
            "ratio": "100/0/0",
            "kip82ratio": "20/80",
            "useGiniCoeff": False,
            "deferredTxFee": False,
            "stakingUpdateInterval": 86400,
            "proposerUpdateInterval": 3600,
            "minimumStake": 2_000_000,
        },
        "kip71": {
            "lowerboundbasefee": 0,
            "upperboundbasefee": 0,
            "gastarget": GAS_LIMIT,
            "maxblockgasusedforbasefee": 2 * GAS_LIMIT,
            "basefeedenominator": 20,
        },
    }


def _funded(network: Network) -> dict[str, object]:
    return {account.hex(): {"balance": hex(FUEL)} for account in sorted(set(network.accounts))}


def _rlp(value: object) -> bytes:
    need_web3()
    import rlp

    return bytes(rlp.encode(value))
