"""Runs a percent-format script cell by cell, as Jupyter would, and prints what each code cell said as JSON."""

import ast
import contextlib
import io
import json
import os
import sys
from pathlib import Path


def cells(path):
    """(kind, source) of each cell of a percent-format script, its header left out."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("# %%"):
            found.append(("markdown" if "[markdown]" in line else "code", []))
        elif found:
            found[-1][1].append(line)
    return [(kind, _source(kind, lines)) for kind, lines in found]


def _source(kind, lines):
    if kind == "markdown":
        lines = [line.removeprefix("#").removeprefix(" ") for line in lines]
    return "\n".join(lines).strip("\n")


def said(source, names):
    """What a cell prints, and the text of its last expression."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(tree, "cell", "exec"), names)
        value = None if last is None else eval(compile(ast.Expression(last.value), "cell", "eval"), names)
    return {"printed": out.getvalue(), "value": None if value is None else repr(value)}


def main():
    path = Path(sys.argv[1]).resolve()
    os.chdir(path.parent)
    sys.path.insert(0, str(path.parent))
    names = {"__name__": "__main__"}
    print(json.dumps([said(source, names) for kind, source in cells(path) if kind == "code"]))


if __name__ == "__main__":
    main()
