"""The page on explanations: its example runs and prints what it shows."""

import re
from pathlib import Path

PAGE = (Path(__file__).parents[3] / "docs" / "explanation.md").read_text("utf-8")
FENCE = re.compile(r"^```(?P<kind>\w+)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)


def test_the_example_prints_what_is_shown(capsys):
    fences = {found["kind"]: found["body"] for found in FENCE.finditer(PAGE)}
    exec(fences["python"], {})  # noqa: S102 - the page's own code
    assert capsys.readouterr().out == fences["text"]
