"""Solves and schedules as small tables for people."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from gridpact.app.cli.layout import aligned, counted
from gridpact.app.orders.instants import local
from gridpact.app.schedules.limits import TightLimit
from gridpact.app.schedules.outcome import MissedLimit, Outcome
from gridpact.app.schedules.view import AssetView, MissedView, View, ZoneView, amount
from gridpact.scheduling.fleet.solution import Round, relative_gap

NOTHING = "-"
KEPT = {
    "need": "stored energy",
    "zone-import": "import limit",
    "zone-export": "export limit",
    "run": "appliance run",
    "sum": "energy, power or cost",
    "unbound": "need not possible now",
    "late": "before any plan knew",
    "wished-state": "stored energy wished for",
    "wished-power": "power wished for",
    "wished-run": "run at the time wished for",
    "wished-sum": "energy, power or cost wished for",
    "soft": "missed for what it saves",
}
"""What each kind of conflict is about."""
MOST_MISSED = 20
"""Limits missed that are listed one by one."""
WORDS = {
    "optimal": "every limit holds, and the cost is proven",
    "stopped": "every limit holds; the gap is wider than asked for",
    "limits-missed": "not every limit is kept; the gap counts what is missed",
}


def money(nano: float, currency: str) -> str:
    """Write money with four decimals, such as ``7.9718 EUR``."""
    return f"{nano / 1e9 + 0.0:,.4f} {currency}"


def price(micro_per_kwh: float, currency: str) -> str:
    """Write a price with four decimals."""
    return f"{micro_per_kwh / 1e6 + 0.0:,.4f} {currency}/kWh"


def kwh(wh: float | None) -> str:
    """Write energy with three decimals, a dash where there is none."""
    return NOTHING if wh is None else f"{round(wh) / 1e3 + 0.0:,.3f} kWh"


def outcome_lines(found: Outcome, timezone: str) -> list[str]:
    """Lay a solve out for a person."""
    lines = aligned(
        [
            ("session", f"{found.session} of {found.title}"),
            ("slots", f"{found.slots} of {found.step // 60} min {_from(found, timezone)}"),
            ("fleet", f"{counted(found.assets, 'asset')} in {counted(found.zones, 'zone')}"),
            ("status", f"{found.status}: {WORDS[found.status]}"),
            ("cost", money(found.cost_nano, found.currency)),
            ("at least", f"{money(found.lower_nano, found.currency)}, a gap of {found.gap:.2%}"),
            ("rounds", f"{found.rounds:,}"),
        ]
    )
    return [
        *lines,
        "",
        *_tight(found, timezone),
        *_missed(found, timezone),
        *_unmet(found, timezone),
    ]


def round_line(now: Round, currency: str) -> str:
    """Tell where a solve stands after a round."""
    lower, upper = now.lower_nano, now.upper_nano
    gap = f"{relative_gap(lower, upper):.2%}" if isfinite(lower) and isfinite(upper) else NOTHING
    bounds = [money(each, currency) if isfinite(each) else NOTHING for each in (lower, upper)]
    return f"round {now.number}: at least {bounds[0]}, found {bounds[1]}, gap {gap}"


def _from(found: Outcome, timezone: str) -> str:
    return f"from {local(found.start, timezone)}"


def _tight(found: Outcome, timezone: str) -> list[str]:
    if not found.tight:
        return ["no limit has a price"]
    head = ("limit", "side", "slots", "first", "mean price", "highest price", "worth")
    rows = [_tight_row(each, found, timezone) for each in found.tight]
    return aligned([head, *rows], right=(2, 4, 5, 6))


def _tight_row(each: TightLimit, found: Outcome, timezone: str) -> tuple[str, ...]:
    return (
        each.name,
        each.kind,
        f"{each.slots:,}",
        local(found.start + each.first * found.step, timezone),
        price(each.mean_micro_per_kwh, found.currency),
        price(each.highest_micro_per_kwh, found.currency),
        money(each.worth_nano, found.currency),
    )


def _missed(found: Outcome, timezone: str) -> list[str]:
    if not found.missed:
        return []
    head = ("missed limit", "side", "slot", "missing")
    rows = [_missed_row(each, found, timezone) for each in found.missed[:MOST_MISSED]]
    more = len(found.missed) - len(rows)
    rest = [f"and {more:,} more"] if more else []
    return ["", *aligned([head, *rows], right=(3,)), *rest]


def _missed_row(each: MissedLimit, found: Outcome, timezone: str) -> tuple[str, ...]:
    at = local(found.start + each.slot * found.step, timezone)
    return (each.name, each.kind, at, kwh(each.missing_wh))


def view_lines(view: View) -> list[str]:
    """List assets and zones with what they do in all."""
    zones = {each.name for each in view.zones}
    place = "zone" if all(each.zone in zones for each in view.assets) else "home"
    head = ("asset", "kind", place, "takes", "gives", "slots")
    rows = [
        (each.name, each.kind, each.zone, kwh(each.takes_wh), kwh(each.gives_wh), f"{each.busy}")
        for each in view.assets
    ]
    lines = [f"{view.session} of {view.title}", ""]
    lines += aligned([head, *rows], right=(3, 4, 5)) if rows else ["nothing moves"]
    return [*lines, "", *_zones(view), *_agreed(view), *_not_kept(view)]


def _agreed(view: View) -> list[str]:
    """List what agreements ask of a plan."""
    if not view.agreed:
        return []
    head = ("agreement", "of", "from", "until", "asks")
    rows = [
        (
            each.agreement,
            each.party,
            local(each.start, view.timezone),
            local(each.end, view.timezone),
            each.asks,
        )
        for each in view.agreed[:MOST_MISSED]
    ]
    more = len(view.agreed) - len(rows)
    return ["", *aligned([head, *rows]), *([f"and {more:,} more"] if more else [])]


def _not_kept(view: View) -> list[str]:
    """List what a plan could not keep, with the needs behind it."""
    return _table_of_missed(view.missed, view.timezone, view.currency)


def _unmet(found: Outcome, timezone: str) -> list[str]:
    return _table_of_missed(found.unmet, timezone, found.currency)


def _table_of_missed(missed: Sequence[MissedView], timezone: str, currency: str) -> list[str]:
    if not missed:
        return []
    head = ("not kept", "of", "from", "missing", "needs")
    rows = [
        (
            KEPT[each.kind],
            each.name,
            local(each.start, timezone),
            amount(each, currency),
            ", ".join(each.needs) or NOTHING,
        )
        for each in missed
    ]
    return ["", *aligned([head, *rows], right=(3,))]


def _zones(view: View) -> list[str]:
    head = ("zone", "takes", "gives", "peak", "slots with a price")
    rows = [
        (each.name, kwh(each.takes_wh), kwh(each.gives_wh), _kw(each.peak_w), f"{each.priced}")
        for each in view.zones
    ]
    return aligned([head, *rows], right=(1, 2, 3, 4))


def asset_lines(view: View, asset: AssetView) -> list[str]:
    """Show one asset slot by slot."""
    head = ("slot", "takes", "gives", "holds after")
    rows = [
        (local(at, view.timezone), kwh(takes), kwh(gives), kwh(state))
        for at, takes, gives, state in zip(
            view.starts, asset.takes, asset.gives, _states(asset, len(view.starts)), strict=True
        )
    ]
    return [f"{asset.name}, {asset.kind} in {asset.zone}", "", *aligned([head, *rows], (1, 2, 3))]


def _states(asset: AssetView, slots: int) -> Sequence[float | None]:
    return [None] * slots if asset.state_wh is None else asset.state_wh


def zone_lines(view: View, zone: ZoneView) -> list[str]:
    """Show one zone slot by slot: power, limits, and their prices."""
    head = ("slot", "net power", "import limit", "export limit", "price of import", "of export")
    rows = [
        (
            local(at, view.timezone),
            _kw(net * 3600 / view.step),
            _kw(most),
            _kw(least),
            _shown(imports, view.currency),
            _shown(exports, view.currency),
        )
        for at, net, most, least, imports, exports in zip(
            view.starts,
            zone.net_wh,
            zone.import_limit_w,
            zone.export_limit_w,
            zone.import_price,
            zone.export_price,
            strict=True,
        )
    ]
    return [zone.name, "", *aligned([head, *rows], right=(1, 2, 3, 4, 5))]


def _shown(micro_per_kwh: float, currency: str) -> str:
    return price(micro_per_kwh, currency) if micro_per_kwh > 1 else NOTHING


def _kw(watts: float | None) -> str:
    return NOTHING if watts is None else f"{round(watts) / 1e3 + 0.0:,.3f} kW"
