"""The one canonical byte form of entries.

The bytes are JSON with sorted keys, no whitespace, ASCII only, whole numbers as decimal strings
(JSON readers lose digits beyond 2⁵³), bytes as lower-case hex, and the format's version inside.
Every kind has a struct of texts beside it, so that a JSON library of C writes and reads them.
"""

from __future__ import annotations

import types
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec

from gridpact.ledger.kinds.fields import Kind

VERSION = "1"

_Turn = Callable[[Any], Any]


class _Texts(NamedTuple):
    """How values of a type are written: the type of texts, to texts, and back."""

    kind: Any
    to: _Turn
    back: _Turn


def _same(value: Any) -> Any:
    return value


_PLAIN = {
    str: _Texts(str, _same, _same),
    int: _Texts(str, str, int),
    bytes: _Texts(str, bytes.hex, bytes.fromhex),
}


def _texts_of(hint: Any) -> _Texts:
    if get_origin(hint) is not tuple:
        return _PLAIN[hint]
    inner = get_args(hint)
    if inner[-1] is Ellipsis:
        one = _texts_of(inner[0])
        return _Texts(
            types.GenericAlias(tuple, (one.kind, ...)),
            lambda values: tuple(map(one.to, values)),
            lambda texts: tuple(map(one.back, texts)),
        )
    parts = [_texts_of(each) for each in inner]
    return _Texts(
        types.GenericAlias(tuple, tuple(each.kind for each in parts)),
        lambda values: tuple(p.to(v) for p, v in zip(parts, values, strict=True)),
        lambda texts: tuple(p.back(t) for p, t in zip(parts, texts, strict=True)),
    )


class _Form(NamedTuple):
    """A kind beside its struct of texts; ``fields`` have each name with how it is written."""

    kind: type[Kind]
    written: Any
    fields: tuple[tuple[str, _Texts], ...]


def _form(kind: type[Kind]) -> _Form:
    hints = get_type_hints(kind)
    fields = tuple((name, _texts_of(hints[name])) for name in kind.__struct_fields__)
    written = msgspec.defstruct(
        f"{kind.__name__}Texts",
        [*((name, texts.kind) for name, texts in fields), ("version", str)],
        tag_field="entry",
        tag=kind.__struct_config__.tag,
        forbid_unknown_fields=True,
        frozen=True,
        gc=False,
    )
    return _Form(kind, written, fields)


class Wire:
    """Writes and reads entries of the given kinds."""

    def __init__(self, kinds: Iterable[type[Kind]]) -> None:
        forms = [_form(kind) for kind in kinds]
        self._of_kind = {form.kind: form for form in forms}
        self._of_written = {form.written: form for form in forms}
        self._encode = msgspec.json.Encoder(order="sorted").encode
        self._decode = msgspec.json.Decoder(Union[tuple(self._of_written)]).decode  # noqa: UP007 - made of a list

    def canonical(self, entry: Kind) -> bytes:
        """Return the one byte form of an entry; equal entries, and only those, have equal bytes."""
        form = self._of_kind[type(entry)]
        texts = [each.to(getattr(entry, name)) for name, each in form.fields]
        return self._encode(form.written(*texts, VERSION))

    def parse(self, body: bytes) -> Kind:
        """Read canonical bytes back; ValueError where they are not exactly what we would write."""
        try:
            texts = self._decode(body)
            if texts.version != VERSION:
                raise ValueError("unknown version")
            form = self._of_written[type(texts)]
            values, same = _read(form, texts)
        except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
            raise ValueError(f"not a ledger entry: {error}") from error
        if not (same and body.isascii() and self._encode(texts) == body):
            raise ValueError("not a ledger entry: the bytes are not in canonical form")
        return form.kind(*values)

    def parse_all(self, bodies: Sequence[bytes]) -> list[Kind]:
        """Read many as :meth:`parse` reads each; ValueError where any is not as we would write it.

        Field by field of a kind, so that C does the work.
        """
        texts = list(map(self._decode, bodies))
        if not all(map(bytes.isascii, bodies)) or list(map(self._encode, texts)) != list(bodies):
            raise ValueError("the bytes are not in canonical form")
        found = list[Any](texts)
        for written, places in places_of(texts).items():
            form = self._of_written[written]
            own = [texts[place] for place in places]
            if {each.version for each in own} != {VERSION}:
                raise ValueError("unknown version")
            columns = [_column(each, map(attrgetter(name), own)) for name, each in form.fields]
            for place, entry in zip(places, map(form.kind, *columns), strict=True):
                found[place] = entry
        return found


def places_of(values: Iterable[object]) -> dict[Any, list[int]]:
    """Return by type where among values those of each type are."""
    found = defaultdict[Any, list[int]](list)
    for place, value in enumerate(values):
        found[type(value)].append(place)
    return found


def _column(each: _Texts, given: Iterable[Any]) -> list[Any]:
    """Return the values of one field's texts; ValueError where one is not written so here."""
    texts = list(given)
    if each.to is _same:
        return texts
    values = list(map(each.back, texts))
    if list(map(each.to, values)) != texts:
        raise ValueError("a text is not in canonical form")
    return values


def _read(form: _Form, texts: object) -> tuple[list[Any], bool]:
    """Return the values of an entry's texts, and whether each is written as it would be here."""
    values, same = list[Any](), True
    for name, each in form.fields:
        text = getattr(texts, name)
        if each.to is _same:
            values.append(text)
            continue
        value = each.back(text)
        same = same and each.to(value) == text  # not 03, nor upper-case hex
        values.append(value)
    return values, same
