"""Many requests at once: columns in, columns out, each row as bench.estimators.answering.answer gives it alone.

    many = Many(known, read_regions().place)
    found = many.estimate(Columns(model="llama-3.1-8b", hardware="h100", in_tokens=…, out_tokens=…, region="usa"))

It imports numpy, which `import bench.estimators` does not.
"""

from bench.estimators.columns.asked import Coded, Columns, coded
from bench.estimators.columns.many import Many, estimate_many

__all__ = ["Coded", "Columns", "Many", "coded", "estimate_many"]
