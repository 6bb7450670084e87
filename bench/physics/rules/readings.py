"""Is there a reading, is it this run's own, does it move?"""

from bench.physics.doubt import Rule
from bench.physics.rules.words import AGAIN, BOARD, DOCTOR, EVERY, OWN

NO_SENSOR = Rule(
    name="no sensor",
    touches=EVERY,
    voided="no domain is measured or modelled",
    why="nothing was read",
    remedy=DOCTOR,
)
ELSEWHERE = Rule(
    name="work done elsewhere",
    touches=EVERY,
    voided="the server that did the work runs on another machine",
    why="the sensors are here, the server is there: an idle machine is not its meter",
    remedy="times stand; for its energy run joulemark on that machine, beside the server",
)
SENSOR_LOST = Rule(
    name="sensor lost",
    touches=OWN,
    voided="a sensor died during the run",
    why="what it would have said is not known",
    remedy=f"restart the sensor's driver, or {DOCTOR}; then {AGAIN}",
)
FAULT = Rule(
    name="fault",
    touches=EVERY,
    voided="the process that reads the sensors died",
    why="what they would have said is not known",
    remedy=AGAIN,
)
SENSOR_SILENT = Rule(
    name="sensor silent",
    touches=OWN,
    voided="not one reading in the whole run",
    why="nothing was read",
    remedy=DOCTOR,
)
SAMPLER_GAP = Rule(
    name="sampler gap",
    touches=OWN,
    of="{:g} s without a reading inside a work window",
    void_over=2.0,
    why="twenty ticks of the slowest sensor known, 100 ms (arXiv:2312.02741, table 2)",
    remedy="leave a core free for the sampler, or lengthen the windows",
)
VOID_WINDOWS = Rule(
    name="void windows",
    touches=OWN,
    voided="a work window has no energy; its reasons are the evidence",
    why="a gap is a gap: counter and power are too far apart, or a counter stands still or falls",
    remedy=f"{DOCTOR}; {AGAIN}",
)
FROZEN_POWER = Rule(
    name="frozen power",
    touches=BOARD,
    voided="no counter, and power that never changes over idle, loading and work",
    why="no board draws the same to the milliwatt at rest and at work",
    remedy=DOCTOR,
)
REPLAYED = Rule(
    name="replayed readings",
    touches=OWN,
    voided="the readings are another run's",
    why="they say nothing about this run's work",
    remedy="measure with this machine's own sensors: unset JOULEMARK_METERS",
)
OTHER_MODULE = Rule(
    name="another module",
    touches=OWN,
    voided="a board that did no work shows its module's power, beside the one of the board that did",
    why="boards of one module each show the whole of it, so that their sum may hold it twice",
    remedy="a driver that tells the boards' own power (NVML's GPU scope), or a machine with one board",
)
DEVICE_NOT_FOUND = Rule(
    name="device not found",
    touches=EVERY,
    flagged="the engine worked on a GPU that NVML does not list",
    why="the host's figures alone would pass for the whole",
    remedy=f"{DOCTOR}: NVML must list the GPU that CUDA uses",
)
