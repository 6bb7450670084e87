"""docs/how-to/pandas.md with what its own Python prints of the sealed example."""

import importlib.util
import io
import re
from contextlib import chdir, redirect_stdout
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "how-to" / "pandas.md"
# Python, and what stands directly under it as its output
_BLOCK = re.compile(r"```python\n(?P<code>.*?)```\n(?P<shown>```\n.*?```\n)?", flags=re.DOTALL)


def page() -> str | None:
    """The page as it should be: its blocks run one after the other from the checkout; None without pandas."""
    if importlib.util.find_spec("pandas") is None:
        return None
    names: dict[str, Any] = {}

    def run(block: re.Match[str]) -> str:
        said = io.StringIO()
        with redirect_stdout(said):
            exec(block["code"], names)
        shown = f"```\n{said.getvalue()}```\n" if block["shown"] else ""
        return f"```python\n{block['code']}```\n{shown}"

    with chdir(ROOT):
        return _BLOCK.sub(run, PAGE.read_text(encoding="utf-8"))
