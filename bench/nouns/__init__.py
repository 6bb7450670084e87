"""The domain's nouns: frozen values and Protocols. No I/O, no clock, no third-party import.

Between a meter and a report only joules, watts, seconds and monotonic nanoseconds exist.
Absence is None; zero is a measurement.
"""

from bench.nouns.engines import (
    Endpoint,
    Engine,
    Identity,
    Load,
    Loaded,
    LoadSpec,
    Send,
    Served,
    ServingEngine,
    Session,
)
from bench.nouns.learnt import CoefficientKey, Coefficients, Quantity
from bench.nouns.runs import Cell, Fault, Pace, Precision, Run, RunSpec, Times, Timing, Verdict, WindowEnergy
from bench.nouns.sensors import (
    Check,
    Condition,
    FieldPassport,
    Found,
    Meter,
    Observation,
    Passport,
    Reading,
    Source,
    Trace,
    Window,
    WitnessRecord,
)
from bench.nouns.witnesses import PeerEnergy, Watching, Witness
from bench.nouns.words import Basis, Boundary, Cause, Domain, Fact, Family, Phase, Weights
from bench.nouns.work import Figure, HardwareProfile, ModelSpec, Outcome, Request, Usage, Workload

__all__ = [
    "Basis",
    "Boundary",
    "Cause",
    "Cell",
    "Check",
    "CoefficientKey",
    "Coefficients",
    "Condition",
    "Domain",
    "Endpoint",
    "Engine",
    "Fact",
    "Family",
    "Fault",
    "FieldPassport",
    "Figure",
    "Found",
    "HardwareProfile",
    "Identity",
    "Load",
    "LoadSpec",
    "Loaded",
    "Meter",
    "ModelSpec",
    "Observation",
    "Outcome",
    "Pace",
    "Passport",
    "PeerEnergy",
    "Phase",
    "Precision",
    "Quantity",
    "Reading",
    "Request",
    "Run",
    "RunSpec",
    "Send",
    "Served",
    "ServingEngine",
    "Session",
    "Source",
    "Times",
    "Timing",
    "Trace",
    "Usage",
    "Verdict",
    "Watching",
    "Weights",
    "Window",
    "WindowEnergy",
    "Witness",
    "WitnessRecord",
    "Workload",
]
