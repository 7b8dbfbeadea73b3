"""A low-voltage grid of SimBench with its impedances, for power flows.

Nodes have the identifiers that members have in a converted scenario, so that a member's row tells
its node. Lines and transformers as pandapower's documentation defines their circuits; the
transformer's magnetising branch stands half at each of its ends.
"""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING

from gridpact.connectors.simbench.tables import (
    opened,
    rated_w,
    short_names,
    usable_share,
    used,
)
from gridpact.market.grid.network import Branch, Network, Node, network

if TYPE_CHECKING:
    import pandas as pd

    from gridpact.connectors.simbench.tables import Tables

HERTZ = 50.0


def read_network(code: str) -> Network:
    """Read the network of a SimBench code; needs the package, see ``package.installed``.

    Raises
    ------
    BadInput
        Where a bus is not joined to the medium voltage.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what libraries below announce of their own future
        import simbench

        return network_of(code, simbench.get_simbench_net(code))


def network_of(code: str, net: Tables) -> Network:
    """Turn the package's tables into a network; buses joined by closed switches are one node.

    The slack is the bus of the external grid, held at the voltage that stands there.
    """
    names = _node_names(net)
    own = dict.fromkeys(names.values())
    volts = {name: round(_number(net["bus"], "vn_kv", bus) * 1000) for bus, name in names.items()}
    outside = int(net["ext_grid"].index[0])
    return network(
        [Node(name, volts[name]) for name in own],
        [*_lines(net, names), *_transformers(net, names)],
        names[int(net["ext_grid"]["bus"].loc[outside])],
        code,
        slack_voltage=_number(net["ext_grid"], "vm_pu", outside),
    )


def _node_names(net: Tables) -> dict[int, str]:
    """Identifier of every bus, ``mv-`` before those of the medium voltage.

    Buses joined by a closed switch share the lowest one's.
    """
    bus = net["bus"]
    low = bus["vn_kv"] == bus["vn_kv"].loc[net["trafo"]["lv_bus"].iloc[0]]
    names: dict[int, str] = {}
    for places, before in ((bus.index[low], ""), (bus.index[~low], "mv-")):
        words = short_names(bus["name"].loc[places].tolist())
        names.update((int(place), before + word) for place, word in zip(places, words, strict=True))
    switch = net["switch"]
    ties = switch[(switch["et"] == "b") & switch["closed"].astype(bool)]
    for one, other in zip(ties["bus"], ties["element"], strict=True):
        kept, gone = sorted((names[int(one)], names[int(other)]))
        names = {place: kept if name == gone else name for place, name in names.items()}
    return names


def _lines(net: Tables, names: dict[int, str]) -> list[Branch]:
    table, cut = net["line"], opened(net, "l")
    ids = dict(zip(table.index, short_names(table["name"].tolist()), strict=True))
    found = []
    for row in used(net, "line"):
        if row in cut:
            continue
        source, target = (int(table[end].loc[row]) for end in ("from_bus", "to_bus"))
        volts = _number(net["bus"], "vn_kv", source)
        mva = math.sqrt(3) * volts * _number(table, "max_i_ka", row) * usable_share(table, row)
        parallel = _number(table, "parallel", row)
        series, shunt = (_number(table, "length_km", row) * by for by in (1 / parallel, parallel))
        found.append(
            Branch(
                ids[row],
                names[source],
                names[target],
                _number(table, "x_ohm_per_km", row) * series,
                _number(table, "r_ohm_per_km", row) * series,
                rated_w(mva),
                _number(table, "g_us_per_km", row) * 1e-6 * shunt,
                _number(table, "c_nf_per_km", row) * 1e-9 * shunt * 2 * math.pi * HERTZ,
            )
        )
    return found


def _transformers(net: Tables, names: dict[int, str]) -> list[Branch]:
    table, cut = net["trafo"], opened(net, "t")
    ids = dict(zip(table.index, short_names(table["name"].tolist()), strict=True))
    found = []
    for row in used(net, "trafo"):
        if row in cut:
            continue
        source, target = (int(table[end].loc[row]) for end in ("hv_bus", "lv_bus"))
        mva, parallel = _number(table, "sn_mva", row), _number(table, "parallel", row)
        low_kv = _number(table, "vn_lv_kv", row)
        ohm = low_kv**2 / (mva * parallel)
        whole, resistance = (
            _number(table, f"{name}_percent", row) / 100 * ohm for name in ("vk", "vkr")
        )
        loss = _number(table, "pfe_kw", row) * 1e-3 * parallel / low_kv**2
        magnetising = _number(table, "i0_percent", row) / 100 / ohm
        found.append(
            Branch(
                ids[row],
                names[source],
                names[target],
                math.sqrt(whole**2 - resistance**2),
                resistance,
                rated_w(mva * usable_share(table, row)),
                loss,
                -math.sqrt(max(0.0, magnetising**2 - loss**2)),
                _off_nominal(net, row),
            )
        )
    return found


def _off_nominal(net: Tables, row: int) -> float:
    """Ratio of the transformer as tapped over that of its buses' rated voltages."""
    table = net["trafo"]
    steps = _number(table, "tap_pos", row) - _number(table, "tap_neutral", row)
    tapped = 1 + steps * _number(table, "tap_step_percent", row) / 100
    share = 1.0
    for side, power in (("hv", 1), ("lv", -1)):
        volts = _number(table, f"vn_{side}_kv", row)
        rated = _number(net["bus"], "vn_kv", int(table[f"{side}_bus"].loc[row]))
        here = tapped if table["tap_side"].loc[row] == side else 1.0
        share *= (volts / rated * here) ** power
    return share


def _number(table: pd.DataFrame, name: str, row: int) -> float:
    return float(table[name].loc[row])
