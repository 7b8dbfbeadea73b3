"""Clauses of a contract file to terms: one function for each kind of clause.

A clause that has a fault gives None, and so does every clause around it, without a word more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from gridpact.contracts.catalogue import Product
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.files.arguments import Setting, product_contract
from gridpact.contracts.files.entries import UNREAD, Entry, near
from gridpact.contracts.files.expressions import duration
from gridpact.contracts.files.names import party
from gridpact.contracts.legs import legs
from gridpact.contracts.needs import needs
from gridpact.contracts.observables import Observable
from gridpact.contracts.terms import (
    ASSET_UNITS,
    All,
    Contract,
    One,
    Scale,
    deliver,
    either,
    give,
    pay,
    sale,
    until,
    when,
    within,
)
from gridpact.contracts.unit_algebra import ONE
from gridpact.contracts.wire import MAX_BYTES, to_bytes

Form = dict[str, Entry]
MAX_READ = 16 * MAX_BYTES
_EACH = 64  # what a clause counts even where it has no bytes


class Clauses:
    """Reads clauses; ``parts`` and ``included`` are contracts already read, None where faulty."""

    def __init__(
        self,
        products: Mapping[str, Product],
        parts: Mapping[str, Contract | None],
        included: Mapping[str, Contract | None],
    ) -> None:
        self._products = products
        self._parts = parts
        self._included = included
        self._read = 0  # bytes of terms, those of nested clauses once for each level
        self.kinds: dict[str, Callable[[Entry, Setting], Contract | None]] = {
            "sale": self._sale,
            "pay": self._pay,
            "deliver": self._deliver,
            "one": self._one,
            "within": self._within,
            "when": self._when,
            "until": self._until,
            "scale": self._scale,
            "either": self._either,
            "give": self._give,
            "all": self._all,
            "part": self._part,
            "product": self._product,
            "include": self._include,
        }

    def terms(self, entry: Entry, setting: Setting) -> Contract | None:
        """Return the contract of a list of clauses: the only one, or all together."""
        found = self._list(entry, setting)
        if found is None:
            return None
        return found[0] if len(found) == 1 else All(tuple(found))

    def clause(self, entry: Entry, setting: Setting) -> Contract | None:
        """Return the contract of one clause."""
        kinds = tuple(self.kinds)
        if entry.is_hopeless or self._is_spent(entry, 0):
            return None
        found = entry.entries("a clause such as sale, pay or deliver")
        for key in found:
            if key not in kinds:
                found[key].fault("there is no such clause", near(key, kinds))
        known = [key for key in found if key in kinds]
        if len(known) != 1:
            if len(known) > 1:
                entry.fault(f"{len(known)} clauses in one entry", "begin each with a dash")
            elif not found and isinstance(entry.value, dict):
                entry.fault("the clause is empty", "remove it, or write sale, pay or deliver")
            return None
        contract = self.kinds[known[0]](found[known[0]], setting)
        if contract is None or len(found) > 1:
            return None
        return contract if self._holds(contract, found[known[0]], setting) else None

    def _holds(self, contract: Contract, entry: Entry, setting: Setting) -> bool:
        """Tell whether a clause can stand in terms: its size and depth, units, and who is named."""
        try:
            size = len(to_bytes(contract))  # first, because it bounds what the others walk through
            if setting.scaled or self._is_spent(entry, size):
                return not self._is_spent(entry, 0)
            found, decided = legs(contract), needs(contract)
        except IllFormed as error:
            entry.fault(error, "correct the clause")
            return False
        named = {name for leg in found for name in (leg.giver, leg.taker)}
        named |= {choice.by for choice in decided.choices}
        unknown = sorted(named - setting.parties) if setting.parties is not None else []
        if unknown:
            listed = ", ".join(unknown)
            entry.fault(f"{listed}: not among the parties", "add to parties, or name another")
        return not unknown

    def _is_spent(self, entry: Entry, size: int) -> bool:
        """Tell whether the terms read so far exceed all bounds; note it once."""
        was_spent = self._read > MAX_READ
        self._read += size + _EACH
        if self._read > MAX_READ and not was_spent:
            entry.fault("the terms are too large from here on", "split the contract")
        return self._read > MAX_READ

    def _list(self, entry: Entry, setting: Setting) -> list[Contract] | None:
        items = entry.items("a list of clauses, each after a dash")
        if items is None:
            return None
        found = [self.clause(item, setting) for item in items]
        good = [contract for contract in found if contract is not None]
        return good if len(good) == len(found) else None

    def _sale(self, entry: Entry, setting: Setting) -> Contract | None:
        form, setting = _form(entry, setting, "quantity", "price", "seller", "buyer", "kind")
        quantity = _amount(form, "quantity", "Wh", setting)
        price = _amount(form, "price", "micro/kWh", setting)
        seller, buyer = (_party(form, key, setting) for key in ("seller", "buyer"))
        kind, currency = _text(form, "kind", "the kind of payment"), _currency(entry, setting)
        if quantity is None or price is None or not (seller and buyer and kind and currency):
            return None
        return _built(entry, lambda: sale(quantity, price, seller, buyer, kind, currency))

    def _pay(self, entry: Entry, setting: Setting) -> Contract | None:
        form, setting = _form(entry, setting, "amount", "payer", "payee", "kind")
        amount = _amount(form, "amount", "nano", setting)
        payer, payee = (_party(form, key, setting) for key in ("payer", "payee"))
        kind, currency = _text(form, "kind", "the kind of payment"), _currency(entry, setting)
        if amount is None or not (payer and payee and kind and currency):
            return None
        return _built(entry, lambda: pay(amount, payer, payee, kind, currency))

    def _deliver(self, entry: Entry, setting: Setting) -> Contract | None:
        form, setting = _form(entry, setting, "quantity", "giver", "taker", "asset")
        one = _flow(entry, form, setting)
        unit = one.unit if one else ""
        if one is None:  # read the quantity all the same, so that its faults are told
            setting = replace(setting, scaled=True)
        quantity = _amount(form, "quantity", unit or ONE, setting)
        if quantity is None or one is None:
            return None
        return deliver(quantity, one.giver, one.taker, one.asset)

    def _one(self, entry: Entry, setting: Setting) -> Contract | None:
        form, setting = _form(entry, setting, "asset", "giver", "taker")
        return _flow(entry, form, setting)

    def _within(self, entry: Entry, setting: Setting) -> Contract | None:
        return self._masked(entry, setting, "mask", within)

    def _when(self, entry: Entry, setting: Setting) -> Contract | None:
        return self._masked(entry, setting, "condition", when)

    def _until(self, entry: Entry, setting: Setting) -> Contract | None:
        return self._masked(entry, setting, "condition", until)

    def _masked(
        self,
        entry: Entry,
        setting: Setting,
        key: str,
        build: Callable[[Observable, Contract], Contract],
    ) -> Contract | None:
        form, setting = _form(entry, setting, key, "terms")
        mask = _amount(form, key, ONE, replace(setting, scaled=True))
        if mask is not None and not mask.is_mask:
            problem = "this is not a mask, which is 0 or 1 by its construction"
            form[key].fault(problem, "compare with >= or <= to make one")
            mask = None
        inner = self.terms(form["terms"], setting) if "terms" in form else None
        return None if mask is None or inner is None else build(mask, inner)

    def _scale(self, entry: Entry, setting: Setting) -> Contract | None:
        form, setting = _form(entry, setting, "by", "terms")
        by = _amount(form, "by", ONE, replace(setting, scaled=True))
        if by is None or by.unit != ONE:
            setting = replace(setting, scaled=True)
        inner = self.terms(form["terms"], setting) if "terms" in form else None
        return None if by is None or inner is None else Scale(by, inner)

    def _either(self, entry: Entry, setting: Setting) -> Contract | None:
        form, setting = _form(entry, setting, "label", "by", "notice", "one", "other")
        label, by = _text(form, "label", "the label of the choice"), _party(form, "by", setting)
        notice = duration(form["notice"]) if "notice" in form else None
        one, other = (
            self.terms(form[key], setting) if key in form else None for key in ("one", "other")
        )
        if one is None or other is None or notice is None or not (label and by):
            return None
        return _built(entry, lambda: either(label, by, one, other, notice))

    def _give(self, entry: Entry, setting: Setting) -> Contract | None:
        inner = self.terms(entry, setting)
        return None if inner is None else give(inner)

    def _all(self, entry: Entry, setting: Setting) -> Contract | None:
        found = self._list(entry, setting)
        return None if found is None else All(tuple(found))

    def _part(self, entry: Entry, setting: Setting) -> Contract | None:
        name = entry.text("the name of a part")
        if name is not None and name not in self._parts:
            fix = near(name, sorted(self._parts)) if self._parts else "write it under parts"
            entry.fault(f"there is no part {name!r}", fix)
        return self._parts.get(name or "")

    def _product(self, entry: Entry, setting: Setting) -> Contract | None:
        form = entry.entries("name, and the arguments of the product")
        if "name" not in form:
            if isinstance(entry.value, dict):
                entry.fault("name is missing", "write the name of a product")
            return None
        product = self.product(form.pop("name"))
        if product is None:
            return None
        if "currency" in form and "currency" not in [each.name for each in product.parameters]:
            setting = replace(setting, currency=form.pop("currency").currency() or UNREAD)
        return product_contract(product, form, entry, setting)

    def product(self, entry: Entry) -> Product | None:
        """Return the product that is named."""
        name = entry.text("the name of a product")
        if name is not None and name not in self._products:
            entry.fault(f"there is no product {name!r}", near(name, sorted(self._products)))
        return self._products.get(name or "")

    def _include(self, entry: Entry, setting: Setting) -> Contract | None:
        return self._included.get(entry.value) if isinstance(entry.value, str) else None


def _form(entry: Entry, setting: Setting, *keys: str) -> tuple[Form, Setting]:
    """Return the fields of a clause, and the setting with the clause's own currency."""
    form = entry.form(keys, ("currency",))
    if "currency" in form:
        setting = replace(setting, currency=form["currency"].currency() or UNREAD)
    return form, setting


def _amount(form: Form, key: str, unit: str, setting: Setting) -> Observable | None:
    if key not in form:
        return None
    exact = not setting.scaled
    return setting.expressions.read(form[key], unit, setting.currency, exact=exact)


def _party(form: Form, key: str, setting: Setting) -> str | None:
    return party(form[key], setting.parties) if key in form else None


def _text(form: Form, key: str, what: str) -> str | None:
    return form[key].text(what) if key in form else None


def _currency(entry: Entry, setting: Setting) -> str:
    own = isinstance(entry.value, dict) and "currency" in entry.value
    if not setting.currency and not own:
        entry.fault("no currency is set", "write currency: EUR in the clause or for the file")
    return "" if setting.currency == UNREAD else setting.currency


def _flow(entry: Entry, form: Form, setting: Setting) -> One | None:
    giver, taker = (_party(form, key, setting) for key in ("giver", "taker"))
    asset = form["asset"].name("asset") if "asset" in form else None
    if asset and asset.partition(":")[0] not in ASSET_UNITS:
        fix = near(asset.partition(":")[0], tuple(ASSET_UNITS))
        form["asset"].fault(f"there is no asset {asset!r}", fix)
        asset = None
    if not (giver and taker and asset):
        return None
    try:
        return One(asset, giver, taker)
    except IllFormed as error:
        form["asset"].fault(error, "correct the asset")
        return None


def _built(entry: Entry, build: Callable[[], Contract]) -> Contract | None:
    try:
        return build()
    except IllFormed as error:
        entry.fault(error, "correct the clause")
        return None


def sound(contract: Contract, entry: Entry) -> bool:
    """Tell whether whole terms fit in size and depth, units and names; note where they do not."""
    try:
        to_bytes(contract)
        legs(contract)
        needs(contract)
    except IllFormed as error:
        entry.fault(error, "shorten or correct the terms")
        return False
    return True
