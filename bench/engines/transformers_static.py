"""The engine transformers with a static KV cache; where transformers compiles the decoding step for it, compiled.

A name of its own, so that its figures are never averaged with those of the cache that grows, nor taken for them.
How the cache is kept and when it is compiled: bench/engines/transformers/kv.py; docs/how-to/static-cache.md.
"""

from bench.engines.transformers import TransformersEngine


def open_engine() -> TransformersEngine:
    """The engine; nothing is imported before `load`."""
    return TransformersEngine(name="transformers_static", cache="static")
