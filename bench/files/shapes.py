"""The declared workloads as shapes: how much of what a request of each asks for. Nothing is tokenised."""

from collections.abc import Mapping
from functools import cache

from bench.files.config import places
from bench.files.declaration import read_table
from bench.files.workloads import workload_family, workload_names
from bench.fit.design import Shape
from bench.nouns import Family, Usage

_COUNTS: Mapping[Family, tuple[str, str]] = {
    "causal-lm": ("prompt_tokens", "output_tokens"),
    "translation": ("source_tokens", "target_tokens"),
}


@cache
def declared_shapes() -> tuple[Shape, ...]:
    """Those whose declaration counts their tokens, in the order of their names."""
    found = []
    for name in workload_names():
        table, family = read_table(places().workloads / f"{name}.toml"), workload_family(name)
        counts = _COUNTS.get(family, ())
        if counts and all(count in table for count in counts):
            asked = {count: table.integer(count) for count in counts}
            found.append(Shape(name=name, family=family, usage=Usage(requests=1, **asked)))
    return tuple(found)
