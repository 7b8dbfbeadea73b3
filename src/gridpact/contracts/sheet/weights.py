"""Which subterms stand where they are used, and which get a definition of their own."""

from __future__ import annotations

from gridpact.contracts.needs import children
from gridpact.contracts.observables import Choice, Const, Observable, Profile, Series
from gridpact.contracts.sheet.graph import Graph, is_share, negated, period_end
from gridpact.contracts.times import Between, LocalTime

IN_CLAUSE = 5  # the heaviest subterm that is read with ease as one part of a clause
IN_TERM = 4  # … as an operand within another term
_SHARED = 3  # from here on, what is used twice is defined once


class Weights:
    """Weighs subterms: about how many things a reader has to hold in mind."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._found: dict[int, int] = {}
        for node in graph.nodes():  # children first, so that nothing recurses deeply
            self._found[graph.number(node)] = self._weigh(node)

    def defined(self, node: Observable, most: int = IN_TERM) -> bool:
        """Tell whether a node is defined apart where at most a weight of ``most`` is welcome."""
        if isinstance(node, Profile):
            return True
        if isinstance(node, Series | Const | Choice):
            return False
        weight = self._found[self._graph.number(node)]
        return weight > most or (weight >= _SHARED and self._graph.uses(node) > 1)

    def _weigh(self, node: Observable) -> int:
        if isinstance(node, LocalTime):
            return _SHARED
        if isinstance(node, Series | Const | Choice | Between | Profile) or period_end(node):
            return 1
        mask = negated(node)
        if mask is not None:
            return self._as_part(mask)
        if is_share(node) and isinstance(children(node)[1], Const):
            return 1 + self._as_part(children(node)[0])
        return 1 + sum(self._as_part(child) for child in children(node))

    def _as_part(self, node: Observable) -> int:
        return 1 if self.defined(node) else self._found[self._graph.number(node)]
