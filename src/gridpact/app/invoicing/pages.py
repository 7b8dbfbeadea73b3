"""Bills as pages of HTML that need no other file."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from gridpact.app.invoicing.view import CHART_COLOURS, View

if TYPE_CHECKING:
    from jinja2 import Template

_WIDTH, _HEIGHT = 640, 100


def page(view: View) -> str:
    """Write a bill as HTML."""
    chart = view.chart
    scale = _HEIGHT / (max(chart.up) + max(chart.down)) if chart else 0.0
    base = scale * max(chart.up) if chart else 0.0
    return _template().render(
        view=view, width=_WIDTH, base=base, scale=scale, colours=CHART_COLOURS
    )


@lru_cache(maxsize=1)
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("gridpact.app.invoicing"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("bill.html")
