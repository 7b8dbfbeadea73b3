"""Options and words that the commands on certificates share."""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

import click

from gridpact.app.certificates.folder import Done, Plan, RegisterFolder
from gridpact.app.certificates.papers import operation_paper
from gridpact.app.certificates.rules_file import RegisterRules
from gridpact.app.cli.layout import counted
from gridpact.app.cli.moments import MOMENT, epoch_of
from gridpact.app.cli.output import harmless, mark, output_options, say, say_error, say_json
from gridpact.base.errors import BadInput, Fault
from gridpact.settlement.certificates.moving import Wanted, spelled
from gridpact.settlement.certificates.operations import Issue, Operation, Refused, Span
from gridpact.settlement.certificates.register import Register

F = TypeVar("F", bound=Callable[..., Any])
REGISTER = click.option(
    "--register",
    "-r",
    "folder",
    required=True,
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the register.",
)
READINGS = click.option("--readings", metavar="STORE", help="A store of readings.")
MIX = click.option(
    "--mix",
    "residual",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="YAML file of the residual mix.",
)
AS_OF = click.option("--as-of", type=MOMENT, help="Readings known then.  [default: as --at]")
AT = click.option("--at", "moment", type=MOMENT, help="When it is done.  [default: now]")
ID = click.option("--id", "name", default="", metavar="NAME", help="Name; done once only.")
_SIZES = {"Wh": 1, "kWh": 1_000, "MWh": 1_000_000, "GWh": 1_000_000_000}
_ENERGY = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?) ?([kMG]?Wh)")
_SPAN = re.compile(r"([0-9]{1,18})(?:-([0-9]{1,18}))?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@/+-]{0,63}")


class Doing(NamedTuple):
    """When something is done, under which name so that it is done only once, and how it is told."""

    moment: datetime | None
    name: str
    as_json: bool
    quiet: bool


class Chosen(NamedTuple):
    """Which certificates are meant, as they were typed."""

    holder: str
    serials: str
    energy: str
    source: str
    device: str


def doing_options(command: F) -> F:
    """Give a command ``doing``: when it is done, under which name, and how it is told."""
    return AT(ID(output_options(_packed(command, "doing", Doing))))


def chosen_options(command: F) -> F:
    """Give a command ``chosen``, the certificates that are meant, and options that choose them."""
    command = _packed(command, "chosen", Chosen)
    for option in reversed(
        (
            click.option("--from", "holder", required=True, metavar="HOLDER", help="Who has them."),
            click.option("--serials", default="", metavar="LIST", help="Such as 1-10,15."),
            click.option("--energy", default="", metavar="ENERGY", help="Such as 2MWh or 500kWh."),
            click.option("--source", default="", help="Only of this source, such as solar."),
            click.option("--device", default="", help="Only of this device."),
        )
    ):
        command = option(command)
    return command


def _packed(command: F, name: str, kind: type[Doing] | type[Chosen]) -> F:
    """Let a command take some of its options as one value."""

    @functools.wraps(command)
    def taking(**given: Any) -> Any:
        value = kind(*(given.pop(field) for field in kind._fields))
        return command(**{name: value}, **given)

    return cast("F", taking)


class Faults:
    """Faults of a command's arguments, told together."""

    def __init__(self) -> None:
        self.found: list[Fault] = []

    def add(self, where: str, problem: str, fix: str) -> None:
        """Note something wrong with an argument."""
        self.found.append(Fault("arguments", 0, where, problem, fix))

    def check(self) -> None:
        """Raise BadInput where anything is wrong."""
        if self.found:
            raise BadInput(self.found)

    def known(self, where: str, name: str, among: Sequence[str]) -> None:
        """Note a name that the rules do not have."""
        if name and name not in among:
            self.add(where, f"the rules know no {name!r}", f"name one of {', '.join(among)}")

    def operation(self, name: str) -> None:
        """Note a name that no operation can have."""
        if name and not _NAME.fullmatch(name):
            self.add("--id", f"{name[:40]!r} is not a name", "use letters, digits and . _ @ / + -")

    def spans(self, text: str) -> tuple[Span, ...]:
        """Read serials such as ``1-10,15``."""
        found = []
        for part in filter(None, text.split(",")):
            match = _SPAN.fullmatch(part.strip())
            if match is None:
                told = f"{part[:40]!r} are no serials"
                self.add("--serials", told, "write them such as 1-10,15")
            else:
                found.append(Span(int(match[1]), int(match[2] or match[1]) + 1))
        return tuple(found)

    def energy(self, text: str) -> int:
        """Read energy such as ``2MWh`` [Wh]; 0 for none."""
        match = _ENERGY.fullmatch(text.strip())
        exact = Fraction(match[1]) * _SIZES[match[2]] if match else Fraction(-1)
        if text and (exact <= 0 or exact.denominator != 1):
            told = f"{text[:40]!r} is no energy of whole Wh"
            self.add("--energy", told, "write it such as 2MWh or 1.5kWh")
            return 0
        return int(exact) if text else 0

    def wanted(self, rules: RegisterRules, chosen: Chosen) -> Wanted:
        """Read which certificates are meant."""
        holder, serials, energy, source, device = chosen
        self.known("--from", holder, rules.holders)
        spans, wh = self.spans(serials), self.energy(energy)
        if serials and (energy or source or device):
            self.add("--serials", "these name certificates already", "leave the others away")
        return Wanted(holder=holder, spans=spans, wh=wh, source=source, device=device)


def instant(moment: datetime | None, rules: RegisterRules, option: str) -> int:
    """Return an instant by the clock of the rules, or now [s since the epoch]."""
    if moment is None:
        return int(time.time())
    return epoch_of(moment, rules.terms.timezone, option)


def instants(
    moment: datetime | None, as_of: datetime | None, rules: RegisterRules
) -> tuple[int, int]:
    """Return when something is done, and as when readings are known: then, unless told."""
    at_s = instant(moment, rules, "--at")
    return at_s, at_s if as_of is None else instant(as_of, rules, "--as-of")


def named(register: Register, name: str, kind: str) -> str:
    """Return the name of an operation: the one given, or the next number."""
    return name or f"{kind}-{len(register.operations) + 1}"


def perform(
    place: RegisterFolder,
    doing: Doing,
    names: Sequence[str],
    asked: object,
    at_s: int,
    plan: Plan,
) -> None:
    """Do what is planned and tell it; a refusal with its reasons, and exit code 1.

    ``names``, ``asked`` and ``at_s`` are as :meth:`RegisterFolder.do` takes them.
    """
    done = place.do(names, asked, at_s, plan)
    _show(done, place.rules(), place.register(), doing)


def _show(done: Done | Refused, rules: RegisterRules, register: Register, doing: Doing) -> None:
    if isinstance(done, Refused):
        if doing.as_json:
            say_json({"refused": done.reasons})
        say_error("\n  ".join(["refused; nothing was changed", *done.reasons]))
        raise SystemExit(1)
    papers = [operation_paper(register, each, rules.name) for each in done.operations]
    if doing.as_json:
        told = [{**paper.facts, "serials": _serials(each), "done_before": done.before}
                for each, paper in zip(done.operations, papers, strict=True)]  # fmt: skip
        say_json(told)
    elif not doing.quiet:
        for each, paper in zip(done.operations, papers, strict=True):
            before = ", done before" if done.before else ""
            say(f"{mark(good=True)} {harmless(_line(each, paper.facts))}{before}")


def _serials(operation: Operation) -> str:
    if isinstance(operation, Issue):
        rows = (row for row in operation.rows if row.count)
        return spelled(Span(row.first, row.first + row.count) for row in rows)
    return spelled(operation.spans)


def _line(operation: Operation, facts: dict[str, str | int]) -> str:
    count, wh = int(facts["certificates"]), int(facts["energy_wh"])
    told = [f"{operation.id}: {counted(count, 'certificate')} of {energy_words(wh)}"]
    for name in ("device", "from", "holder", "to", "beneficiary", "purpose", "reason"):
        if name in facts:
            told.append(f"{name} {facts[name]}")
    if facts.get("taken_back"):
        told.append(f"{counted(int(facts['taken_back']), 'certificate')} taken back")
    serials = _serials(operation)
    if serials and len(serials) < 40:
        told.append(f"serials {serials}")
    return ", ".join(told)


def energy_words(wh: int) -> str:
    """Write energy [Wh] in kWh, exactly."""
    sign = "-" if wh < 0 else ""
    return f"{sign}{abs(wh) // 1000:,}.{abs(wh) % 1000:03} kWh"
