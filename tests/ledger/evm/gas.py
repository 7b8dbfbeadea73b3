"""Gas of each operation on the chain, beside what was last acknowledged.

    python tests/ledger/evm/gas.py                # print what differs, and by how much
    python tests/ledger/evm/gas.py --acknowledge  # keep today's figures

``gas.json`` holds what was acknowledged. ``test_gas.py`` fails where an operation is new, gone, or
takes 2 % more or less. Each of ``MEASURES`` yields operations by name with their gas; the names
begin with the contract's.
"""

import argparse
import importlib.util
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
KEPT = HERE / "gas.json"
ALLOWED = 0.02


def _module(path):
    spec = importlib.util.spec_from_file_location(f"gridpact_gas_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def beside():
    """Attested, Escrow, Channels and Shards."""
    yield from _module(HERE / "beside" / "costs.py").costs()


def rooms():
    """The ledger and its rooms."""
    yield from _module(HERE / "rooms" / "costs.py").costs()


MEASURES = (beside, rooms)


def measured():
    """Gas of all operations by name."""
    found = {}
    for measure in MEASURES:
        for name, gas in measure():
            if name in found:
                raise ValueError(f"{name} is measured twice")
            found[name] = gas
    return found


def kept():
    """What was acknowledged."""
    return json.loads(KEPT.read_text()) if KEPT.exists() else {}


def differences(before, now):
    """Say in a line each what is new, gone, or takes 2 % more or less."""
    lines = [f"{name}: gone, took {before[name]:,}" for name in sorted(before.keys() - now.keys())]
    for name in sorted(now):
        if name not in before:
            lines.append(f"{name}: new, takes {now[name]:,}")
        elif abs(now[name] - before[name]) > ALLOWED * before[name]:
            change = now[name] / before[name] - 1
            lines.append(f"{name}: {now[name]:,} in place of {before[name]:,} ({change:+.1%})")
    return lines


def main():
    reader = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    reader.add_argument("--acknowledge", action="store_true", help="keep today's figures")
    asked = reader.parse_args()
    now = measured()
    changed = differences(kept(), now)
    sys.stdout.write("".join(f"{line}\n" for line in changed) or "as acknowledged\n")
    if asked.acknowledge:
        KEPT.write_text(json.dumps(now, indent=1, sort_keys=True) + "\n")
    return int(bool(changed) and not asked.acknowledge)


if __name__ == "__main__":
    sys.exit(main())
