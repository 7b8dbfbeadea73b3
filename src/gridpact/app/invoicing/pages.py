"""Bills as pages of HTML that need no other file."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from gridpact.app.invoicing.view import COLOURS, View

if TYPE_CHECKING:
    from jinja2 import Template

_WIDTH, _HEIGHT = 640, 100


def page(view: View) -> str:
    """Write a bill as HTML."""
    chart = view.chart
    any_down = chart is not None and any(chart.down)
    base = _HEIGHT // 2 if any_down else _HEIGHT
    return _template().render(
        view=view, width=_WIDTH, base=base, any_down=any_down, colours=COLOURS
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
