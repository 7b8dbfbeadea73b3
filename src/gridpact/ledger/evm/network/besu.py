"""What a Besu node of a network is told.

Besu reads options from a TOML file, each by its name on the command line without dashes, and stops
at one that it does not know (https://besu.hyperledger.org, "Use a configuration file").
"""

from __future__ import annotations

import json

from gridpact.ledger.evm.network.plan import Network, Validator, is_address

COMMAND = "/opt/besu/bin/besu --config-file=config.toml"
STATIC_NODES, SETTINGS = "static-nodes.json", "config.toml"
MACHINE = "127.0.0.1"
"""Where JSON-RPC listens: for programs of the keeper's own machine alone."""
READERS = 25
"""Nodes besides the validators that a node lets in: those of members who read and check."""
OF_AN_ACCOUNT = 0.15
"""Part of the waiting transactions that one account may have; by default it would be five."""
TERMINATED = "SuccessExitStatus=143\n"
"""How a Java machine ends when it is asked to; systemd would call that a failure."""


def settings(network: Network, validator: Validator, genesis: str, key: str) -> bytes:
    """Return a validator's file of options; paths are relative to its folder.

    The values that one would leave at their defaults on a public chain are those of Besu's own
    profile for private networks.
    """
    options: dict[str, object] = {
        "data-path": "data",
        "genesis-file": genesis,
        "node-private-key-file": key,
        "network-id": network.chain,
        "p2p-port": validator.port,
        "static-nodes-file": STATIC_NODES,
        "discovery-enabled": False,
        "max-peers": len(network.validators) + READERS,
        "remote-connections-limit-enabled": False,
        "rpc-http-enabled": True,
        "rpc-http-host": MACHINE,
        "rpc-http-port": validator.rpc,
        "rpc-http-api": ["ETH", "NET", "WEB3", "QBFT", "TXPOOL"],
        "min-gas-price": 0,
        "tx-pool": "sequenced",
        "tx-pool-limit-by-account-percentage": OF_AN_ACCOUNT,
        "sync-mode": "FULL",
        "data-storage-format": "FOREST",
    }
    if is_address(validator.host):  # Besu takes no name here; its peers know it by theirs
        options["p2p-host"] = validator.host
    if not all(is_address(each.host) for each in network.validators):
        options |= {"Xdns-enabled": True, "Xdns-update-enabled": True}
    return "".join(f"{name}={json.dumps(value)}\n" for name, value in options.items()).encode()
