"""The published formulas of others, one a file, in our own code: labelled rivals, never an estimate of ours.

A light import, like all of bench.estimators. `beside` runs those that answer for a request; the others count hours
of a machine. Each is checked against figures of the original (tests/estimators/rival_vectors.csv).
"""

from bench.estimators.rivals.beside import RivalRequest, beside
from bench.estimators.rivals.figure import Rival, RivalFigure
from bench.estimators.rivals.server import OlderServer

__all__ = ["OlderServer", "Rival", "RivalFigure", "RivalRequest", "beside"]
