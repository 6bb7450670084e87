"""Usage → Answer, from values handed in: bench.estimators.answering.answer. It reads no file, loads no numpy."""
