"""The figure of the comparison is well formed and has a place for every mechanism."""

import xml.etree.ElementTree as ElementTree

from gridpact.market.clearing.mechanisms import MECHANISMS

TEXT = "{http://www.w3.org/2000/svg}text"


def test_the_figure_names_every_mechanism(root):
    picture = ElementTree.parse(root / "docs" / "market-comparison.svg")  # noqa: S314 - our own file
    words = ["".join(node.itertext()).strip() for node in picture.iter(TEXT)]
    for name in MECHANISMS:
        parts = name.rsplit("-", 1)
        lines = [f"{part}-" for part in parts[:-1]] + parts[-1:]
        assert all(line in words for line in lines), name
    assert "median" in words
