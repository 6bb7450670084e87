"""docs/engines.json (kept by `scripts/perf_engines.py --keep`) → docs/engines.md."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import perf_table
from perf_engines import TABLE
from perf_goals import MET, Section, markdown_table
from sealed_docs import sealed

PAGE = TABLE.kept.with_suffix(".md")
_ABOUT: Mapping[str, str] = {
    "lag": "An open loop of streamed replies against the simulated server, and the same seeded schedule sent to "
    "nobody, in turns. Tokens are held request by request against the server's log of its steps.",
    "peers": "Every tool plays the same prompts, one at a time, and its times are held against the server's own "
    "log of what it played: the rest is the client's. `run endpoint` plays for a time; as many of its requests "
    "count as the others play. A first token comes after a client's own work on the request, which is what is "
    "left: where that differs beyond the spread, the row says who is nearer to the server's log.",
    "achieved": "In process with models of a few hundred thousand **synthetic** weights and the trained intent "
    "model; behind servers with the **simulated** server, whose log is the truth, and the intent API. Prompt "
    "tokens of a server are aimed at, in words, and counted by the server: `asked → achieved`.",
    "faults": "One sound request, then one that the fault strikes, at every stage to which it can come. A fit is "
    "made of each such run, and of sound runs beside it. Not told: a server that counts half of the tokens of a "
    "short prompt (of a hundred, or fewer), since prompts are aimed at in words.",
    "intent": "Scores of the frozen weights on sentences written by hand, with a bootstrap over sentences; times "
    "of the variants in interleaved rounds, with Student's interval of their ratio.",
}


def page(path: Path = TABLE.kept) -> str:
    """The whole page."""
    data, sections = perf_table.read(path)
    goals = [(g.name, g.asked, g.found, MET[g.met]) for s in sections.values() for g in s.goals]
    lines = [
        "# Every engine on the same work",
        "",
        f"Generated from a kept result of `make perf TABLE=engines`: {data['machine']}, {data['date']}. No model "
        "server of a vendor and no GPU is in it: servers are the simulated one of `tests/sim`, whose tokens and "
        "moments are known exactly, and the intent API.",
        "",
        *markdown_table(("what", "asked", "found", "met"), goals),
    ]
    for name, section in sections.items():
        lines += _section(name, section)
    return "\n".join([*lines, *sealed()]) + "\n"


def _section(name: str, section: Section) -> Sequence[str]:
    table = markdown_table(section.head, section.rows) if section.rows else []
    return ["", f"## {section.title}", "", _ABOUT[name], *([""] if table else []), *table]
