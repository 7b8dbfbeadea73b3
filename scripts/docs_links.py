"""Refresh the line numbers of links to code; each link names the function or class it means.

Such a link reads ``[`settle`, settlement/statements.py:45](../src/…/statements.py#L45)``: the
name in front is looked up in the file, and both line numbers follow it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from docs_blocks import ROOT, Pages, main, pages

LINK = re.compile(
    r"\[`(?P<name>[^`\]]+)`,\s(?P<shown>[\w/.]+):(?P<line>\d+)\]\((?P<target>[^)#]+)#L(?P<anchor>\d+)\)"
)


def _named(node: ast.AST) -> list[str]:
    """Names that a statement defines."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []


def _definitions(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, int]]:
    for node in body:
        for name in _named(node):
            yield prefix + name, node.lineno
        if isinstance(node, ast.ClassDef):
            yield from _definitions(node.body, f"{prefix}{node.name}.")


@cache
def definitions(file: Path) -> dict[str, int]:
    """Line of every module-level name and class member of a Python file, by its dotted name."""
    found = list(_definitions(ast.parse(file.read_text(encoding="utf-8")).body))
    return dict(reversed(found))  # of a name that is bound twice, the first


def refreshed_text(text: str, page: Path) -> str:
    """Return a page with every code link's line right; ValueError lists names that are gone."""
    gone: list[str] = []

    def link(found: re.Match[str]) -> str:
        file = (page.parent / found["target"]).resolve()
        line = definitions(file).get(found["name"]) if file.is_file() else None
        if line is None:
            gone.append(f"{page}: {found['target']} has no {found['name']}")
            return found[0]
        shown = file.as_posix().rpartition("/gridpact/")[2]
        return f"[`{found['name']}`, {shown}:{line}]({found['target']}#L{line})"

    done = LINK.sub(link, text)
    if gone:
        raise ValueError("\n".join(gone))
    return done


def refreshed(root: Path = ROOT) -> Pages:
    """Every page with its code links put right."""
    return {page: refreshed_text(page.read_text(encoding="utf-8"), page) for page in pages(root)}


if __name__ == "__main__":
    main(__doc__, refreshed)
