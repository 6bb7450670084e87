"""`predict`, where fits look for it: it needs no numpy, and lies with the estimators that use it too."""

from bench.estimators.predict import predict

__all__ = ["predict"]
