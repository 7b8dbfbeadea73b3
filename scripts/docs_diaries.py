"""Write docs/diary.schema.json, the JSON Schema of diaries, from the code."""

from __future__ import annotations

import json

from docs_blocks import ROOT, Pages, main

from gridpact.scheduling.diaries.schema import schema


def refreshed() -> Pages:
    """The schema, one value a line."""
    text = json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
    return {ROOT / "docs" / "diary.schema.json": text}


if __name__ == "__main__":
    main(__doc__, refreshed)
