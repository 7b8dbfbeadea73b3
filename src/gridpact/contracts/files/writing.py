"""Contracts to contract files that read back to the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gridpact.contracts import amounts
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.files.composing import Amount, Clause, Composer, amounts_in
from gridpact.contracts.files.literals import write_series_unit
from gridpact.contracts.files.loading import MAX_BYTES
from gridpact.contracts.files.reading import VERSION, parties_of
from gridpact.contracts.files.spelling import Speller
from gridpact.contracts.files.titles import title_problem
from gridpact.contracts.files.yaml_text import in_one_line, scalar_text
from gridpact.contracts.legs import legs
from gridpact.contracts.needs import needs
from gridpact.contracts.observables import Choice
from gridpact.contracts.terms import Contract
from gridpact.contracts.unit_algebra import ONE
from gridpact.contracts.wire import to_bytes

_WIDEST = 96


def write_contract(contract: Contract, title: str = "") -> str:
    """Return the text of a contract file that reads back to the same canonical bytes.

    Raises IllFormed for terms whose units or names do not hold together, that exceed the bounds
    of the wire form, or whose file would be larger than is read, and for a title that is no line.
    """
    to_bytes(contract)
    if problem := title_problem(title):
        raise IllFormed(problem)
    text = _Writer(contract).file(title)
    if len(text.encode()) > MAX_BYTES:
        raise IllFormed(f"the contract's file would take more than {MAX_BYTES} bytes")
    return text


class _Writer:
    def __init__(self, contract: Contract) -> None:
        currencies = sorted({leg.currency for leg in legs(contract) if leg.currency})
        self._sole = currencies[0] if len(currencies) == 1 else ""
        self._parties = parties_of(contract)
        composer = Composer(with_currency=not self._sole)
        self._terms, self._parts = composer.clauses(contract, 0), composer.parts
        every = [
            amount
            for clauses in (*self._parts.values(), self._terms)
            for amount in amounts_in(clauses)
        ]
        required = needs(contract)
        taken = [need.name for need in required.series] + [need.label for need in required.choices]
        roots = [observable for observable, _ in every]
        self._speller = Speller(roots, self._sole or amounts.ANY_CURRENCY, taken)

    def file(self, title: str) -> str:
        """Write the whole file."""
        terms = list(self._lines(self._terms, 2))
        parts = [
            line
            for name, clauses in self._parts.items()
            for line in self._nested(f"  {name}:", clauses, 4)
        ]
        choices = list(self._choices())  # after the terms, for which alone choices are known
        head = [f"gridpact: {VERSION}"]
        if title:
            head.append(f"title: {scalar_text(title)}")
        if self._sole:
            head.append(f"currency: {self._sole}")
        head.append(f"parties: [{', '.join(map(in_one_line, self._parties))}]")
        series = [
            f"  {scalar_text(name)}: {write_series_unit(unit)}"
            for name, unit in sorted(self._speller.series.items())
        ]
        define = [f"  {name}: {scalar_text(text)}" for name, text in self._speller.define.items()]
        sections = {"series": series, "choices": choices, "define": define, "parts": parts}
        body = [line for key, lines in sections.items() if lines for line in (f"{key}:", *lines)]
        return "\n".join([*head, *body, "terms:" if terms else "terms: []", *terms, ""])

    def _lines(self, clauses: list[Clause], indent: int) -> Iterator[str]:
        """Write clauses as the items of a list, indented by some spaces."""
        space = " " * indent
        for clause in clauses:
            if clause.clauses is not None:
                yield from self._nested(f"{space}- {clause.kind}:", clause.clauses, indent + 4)
            elif "" in clause.fields:
                yield f"{space}- {clause.kind}: {clause.fields['']}"
            else:
                yield from self._block(clause, space)

    def _block(self, clause: Clause, space: str) -> Iterator[str]:
        texts = {key: self._text(value) for key, value in clause.fields.items()}
        line = f"{space}- {clause.kind}: {_flow(texts)}"
        if None not in texts.values() and len(line) <= _WIDEST:
            yield line
            return
        yield f"{space}- {clause.kind}:"
        for key, value in clause.fields.items():
            if isinstance(value, list):
                yield from self._nested(f"{space}    {key}:", value, len(space) + 6)
            else:
                yield f"{space}    {key}: {scalar_text(texts[key] or '')}"

    def _nested(self, head: str, clauses: list[Clause], indent: int) -> Iterator[str]:
        yield head if clauses else f"{head} []"
        yield from self._lines(clauses, indent)

    def _text(self, value: str | Amount | list[Clause]) -> str | None:
        if isinstance(value, tuple):
            return self._speller.text(*value)
        return value if isinstance(value, str) else None

    def _choices(self) -> Iterator[str]:
        """Write the choices that expressions name, and those that their bounds name in turn."""
        written = dict[str, Choice]()
        while len(written) < len(self._speller.choices):
            label, choice = next(
                each for each in self._speller.choices.items() if each[0] not in written
            )
            written[label] = choice
            texts = self._chosen(choice)
            line = f"  {scalar_text(label)}: {_flow(texts)}"
            if len(line) <= _WIDEST:
                yield line
            else:
                yield f"  {scalar_text(label)}:"
                yield from (f"    {key}: {scalar_text(text)}" for key, text in texts.items())

    def _chosen(self, choice: Choice) -> dict[str, str]:
        notice = amounts.written(choice.notice_s, "s")
        low, high = self._speller.text(choice.low), self._speller.text(choice.high)
        if (low, high, choice.unit) == ("0", "1", ONE):
            return {"by": choice.by, "yes_no": "true", "notice": notice}
        return {"by": choice.by, "low": low, "high": high, "notice": notice}


def _flow(texts: Mapping[str, str | None]) -> str:
    return f"{{{', '.join(f'{key}: {_value(key, text)}' for key, text in texts.items())}}}"


def _value(key: str, text: str | None) -> str:
    return "true" if key == "yes_no" else in_one_line(text or "")
