"""Was the board one and the same machine all the time, and did anybody else work on it?"""

from bench.physics.doubt import Rule
from bench.physics.rules.words import AGAIN, BOARD, HOST, OWN

# What is compared with in more than one place, or is no plain "over"
FASTEST_C_PER_MIN, LEAST_RISE_C = 1.0, 2.0
USED_RATIO = 0.05
HELD_MIB = 64
SETTLED_W = 0.5

THROTTLED = Rule(
    name="throttled",
    touches=OWN,
    voided="thermal or hardware slowdown inside a work window",
    why="a board that slows down is another board (NVML clock event reasons 0x8, 0x20, 0x40, 0x80, and its "
    "running total of thermal violations)",
    remedy=f"cool the machine, check its power supply, and {AGAIN}",
)
POWER_CAP = Rule(
    name="power cap",
    touches=OWN,
    flagged="the board ran at its power limit (NVML clock event reason 0x4, its running total of violations)",
    why="full load sits there",
    remedy="none needed: the limit is part of the coefficient's key",
)
LIMIT_CHANGED = Rule(
    name="power limit changed",
    touches=OWN,
    voided=f"the enforced limit moved by more than {SETTLED_W:g} W between idle and the end of the work",
    why="the limit is part of the coefficient's key, and is set in whole watts",
    remedy=f"leave the limit alone (`nvidia-smi -pl`) while cells are measured, and {AGAIN}",
)
CLOCK_DRIFT = Rule(
    name="clock drift",
    touches=BOARD,
    of="{:.0%} between the median SM clocks of the work windows' halves",
    flag_over=0.05,
    void_over=0.15,
    why="chosen: power goes with voltage squared times clock, and voltage with the clock (arXiv:1610.01784), so "
    "that the energy of an operation goes with up to the clock squared: 5 % of clock is up to 10 % of energy, "
    "15 % up to 30 %, which is no longer one operating point",
    remedy=f"warm up longer, cool the board, or fix its clock (`nvidia-smi -lgc`), and {AGAIN}",
)
TEMPERATURE_DRIFT = Rule(
    name="temperature drift",
    touches=BOARD,
    of="{:g} °C between the mean temperatures of the work windows' halves",
    void_over=10.0,
    flagged=f"over {FASTEST_C_PER_MIN:g} °C a minute, and {LEAST_RISE_C:g} °C or more, from the first half of a "
    "work window to the last",
    why="power grows with temperature, and faster than in proportion (arXiv:1407.8116), but how much differs from "
    "board to board: a convention. LLenergyMeasure warns at 10 °C too, without a source. NVML tells whole "
    "degrees, so that a slope is believed from two of them on",
    remedy=f"warm up longer, until the board keeps its temperature, and {AGAIN}",
)

# Did anybody else work on it?
FOREIGN = Rule(
    name="foreign processes",
    touches=BOARD,
    flagged=f"other processes hold the board, or {HELD_MIB} MiB of its memory before anything is loaded",
    voided=f"they also worked: the board was used over {USED_RATIO:.0%} of the time while nothing was asked, or "
    "processes came or went during the work, or as much memory while nothing was asked",
    why="who only holds memory draws next to nothing more; a CUDA context takes 107 MiB or more (llama.cpp, pull "
    "request 23604), a driver at rest 8 MiB (nvml-wrapper, issue 57)",
    remedy=f"stop them (`nvidia-smi` lists them), and {AGAIN}",
)
BUSY_BOARD = Rule(
    name="busy board",
    touches=BOARD,
    of="{:.0%} of the time in use while nothing was asked, before loading or after",
    flag_over=USED_RATIO,
    void_over=0.25,
    why="chosen: a desktop's housekeeping stays below 5 %",
    remedy=f"stop what else uses this GPU (`nvidia-smi` lists it), and {AGAIN}",
)
BUSY_MACHINE = Rule(
    name="busy machine",
    touches=HOST,
    of="{:.0%} of the machine's threads busy while nothing was asked, before loading or after",
    flag_over=0.05,
    void_over=0.25,
    why="chosen: a desktop's or a monitoring agent's housekeeping stays below 5 %; half a core of a two-thread "
    "machine is not housekeeping",
    remedy=f"stop what else runs on this machine, and {AGAIN}",
)
FOREIGN_CPU = Rule(
    name="foreign CPU work",
    touches=HOST,
    of="{:.0%} of the machine's threads, or of the energy that is modelled of them, taken by other processes in a "
    "work window",
    flag_over=0.05,
    void_over=0.25,
    why="chosen, as of a busy machine; threads that spin for each other lose far more than the share they are "
    "kept from. Told where the engine works in a process of ours: the kernel's busy time less its own, two ticks "
    "a thread that did something left open. Beside few threads of ours on a wide machine the share of threads is "
    "small, that of the joules is not",
    remedy=f"stop what else runs on this machine, and {AGAIN}",
)
STEAL = Rule(
    name="steal time",
    touches=HOST,
    of="{:.0%} of the machine's threads in a work window, taken by the hypervisor",
    flag_over=0.01,
    void_over=0.10,
    why="chosen: stolen time stretches a window, and what ran meanwhile is in no counter of ours",
    remedy=f"use a machine that is not shared, or {AGAIN} at a quieter hour",
)
