"""Every reason to doubt a figure, in one table: its thresholds, whose figures it touches, what helps, and why so.

What looks for a reason compares with the numbers that stand here, and docs/method.md prints them.
Sources were checked on 2026-11-21. "Chosen" says that nobody has published a number.
"""

from bench.nouns import Verdict
from bench.physics.doubt import Rule
from bench.units import BYTES_PER_MIB

# What more than one line of the table compares with, or what is no plain "over"
FASTEST_C_PER_MIN, LEAST_RISE_C = 1.0, 2.0
USED_RATIO = 0.05
HELD_MIB = 64
SETTLED_W = 0.5
FEWEST_REQUESTS, SHORTEST_S = 32, 5.0
FEWEST_TICKS = 3
# Answers of a server that are judged together (chosen: where a tenth of the honest ones come in few pieces, as in
# the worst of three runs of llama-server with random weights, 2026-11-21, seven of twelve do once in 20 000)
FEWEST_ANSWERS = 12
THIN_RATIO, THIN_SHARE = 0.8, 0.1  # of the others' pieces a token; the share of such answers in that worst run
AIMED_RATIO = 2.0  # a server's prompt and the length that was aimed at (chosen: beyond what words vary by)
STILL_AT_WORK_RATIO, STILL_BUSY_RATIO = 0.25, 0.05
LATEST_S, LATEST_RATIO = 0.025, 0.1
BELOW_IDLE_RATIO = 0.95
# 1.95 pJ/bit, a fine-grained DRAM that was designed and never sold; HBM2 costs 3.92, HBM3E 3.9 (Samsung)
LEAST_J_PER_BYTE = 8 * 1.95e-12
LARGEST_CACHE_BYTES = 256 * BYTES_PER_MIB


_AGAIN = "{again}"
_DOCTOR = "see `joulemark doctor`"
_EVERY, _OWN, _BOARD = "every domain", "the domain", "the engine's board"
_HOST = "the host's figures: host, cpu, dram, platform"

# Is there a reading, is it this run's own, does it move?
NO_SENSOR = Rule(
    name="no sensor",
    touches=_EVERY,
    voided="no domain is measured or modelled",
    why="nothing was read",
    remedy=_DOCTOR,
)
ELSEWHERE = Rule(
    name="work done elsewhere",
    touches=_EVERY,
    voided="the server that did the work runs on another machine",
    why="the sensors are here, the server is there: an idle machine is not its meter",
    remedy="times stand; for its energy run joulemark on that machine, beside the server",
)
SENSOR_LOST = Rule(
    name="sensor lost",
    touches=_OWN,
    voided="a sensor died during the run",
    why="what it would have said is not known",
    remedy=f"restart the sensor's driver, or {_DOCTOR}; then {_AGAIN}",
)
FAULT = Rule(
    name="fault",
    touches=_EVERY,
    voided="the process that reads the sensors died",
    why="what they would have said is not known",
    remedy=_AGAIN,
)
SENSOR_SILENT = Rule(
    name="sensor silent",
    touches=_OWN,
    voided="not one reading in the whole run",
    why="nothing was read",
    remedy=_DOCTOR,
)
SAMPLER_GAP = Rule(
    name="sampler gap",
    touches=_OWN,
    of="{:g} s without a reading inside a work window",
    void_over=2.0,
    why="twenty ticks of the slowest sensor known, 100 ms (arXiv:2312.02741, table 2)",
    remedy="leave a core free for the sampler, or lengthen the windows",
)
VOID_WINDOWS = Rule(
    name="void windows",
    touches=_OWN,
    voided="a work window has no energy; its reasons are the evidence",
    why="a gap is a gap: counter and power are too far apart, or a counter stands still or falls",
    remedy=f"{_DOCTOR}; {_AGAIN}",
)
FROZEN_POWER = Rule(
    name="frozen power",
    touches=_BOARD,
    voided="no counter, and power that never changes over idle, loading and work",
    why="no board draws the same to the milliwatt at rest and at work",
    remedy=_DOCTOR,
)
REPLAYED = Rule(
    name="replayed readings",
    touches=_OWN,
    voided="the readings are another run's",
    why="they say nothing about this run's work",
    remedy="measure with this machine's own sensors: unset JOULEMARK_METERS",
)
OTHER_MODULE = Rule(
    name="another module",
    touches=_OWN,
    voided="a board that did no work shows its module's power, beside the one of the board that did",
    why="boards of one module each show the whole of it, so that their sum may hold it twice",
    remedy="a driver that tells the boards' own power (NVML's GPU scope), or a machine with one board",
)
DEVICE_NOT_FOUND = Rule(
    name="device not found",
    touches=_EVERY,
    flagged="the engine worked on a GPU that NVML does not list",
    why="the host's figures alone would pass for the whole",
    remedy=f"{_DOCTOR}: NVML must list the GPU that CUDA uses",
)

# Was the work done, and is its energy counted where its tokens are?
NO_WORK = Rule(
    name="no work window",
    touches=_EVERY,
    voided="no work window was finished",
    why="there is nothing to tell",
    remedy=_AGAIN,
)
FAILED_REQUESTS = Rule(
    name="failed requests",
    touches=_EVERY,
    voided="a request failed",
    why="energy of work that failed is not energy per unit of work",
    remedy=f"mend the engine's error and {_AGAIN}",
)
OTHER_WORK = Rule(
    name="work differs from the ask",
    touches=_EVERY,
    flagged="a request was answered with more or less than was asked; or a server read prompts of half or twice "
    "the length that was aimed at",
    why="an engine that stopped early did less than its request says",
    remedy="figures per unit use the achieved work",
)
OTHER_SERVER = Rule(
    name="another server",
    touches=_EVERY,
    voided="the server says something else of itself after the last window than before the first",
    why="figures of two servers are nobody's",
    remedy=f"leave the server alone while it is measured, and {_AGAIN}",
)
OTHER_BOARD = Rule(
    name="another board worked",
    touches=_EVERY,
    of="{:.0%} of its idle power as the rise of a board that is not the server's, from idle to work",
    void_over=0.10,
    why="chosen: a board that stands by keeps its power to a few per cent; one that rises while requests are "
    "answered does the work, and its energy would be in no figure (a gateway, workers that share a port)",
    remedy="say where the server works (--device), start it with CUDA_VISIBLE_DEVICES naming one board, or stop "
    "what else uses that board",
)
WORK_AFTER = Rule(
    name="work after the answers",
    touches=_OWN,
    flagged=f"a board that still draws over {STILL_AT_WORK_RATIO:.0%} of its rise once every answer has come",
    voided=f"a machine that does, and {STILL_BUSY_RATIO:.0%} of its idle power or more",
    why="chosen: a server that answers first and works afterwards spends that energy in no request; a board's "
    "clocks may also fall slowly, a machine's utilisation does not",
    remedy="measure a request that waits for its work, or the queue's worker itself",
)
RELOADED = Rule(
    name="model loaded anew",
    touches=_EVERY,
    of="{:g} s of loading in a request of a work window, by the server's own count",
    void_over=0.25,
    why="chosen: Ollama counts some hundredths of a second for a model that is there (load_duration, docs/api.md)",
    remedy=f"keep the model loaded (keep_alive, memory enough), and {_AGAIN}",
)
COUNTS_UNCHECKED = Rule(
    name="counts unchecked",
    touches=_EVERY,
    flagged="a server's token counts could not be held against what came: fewer than "
    f"{FEWEST_ANSWERS} answers, none of its probes in pieces, or more answers in few pieces than chance makes",
    why="chosen: of few answers an honest server may by chance send most in few pieces",
    remedy="longer windows (--window-s), or a server that streams",
)
STRAY_WORK = Rule(
    name="work outside its window",
    touches=_EVERY,
    voided="a request is not wholly inside a work window",
    why="its energy is counted where its tokens are not",
    remedy=f"an engine stamps its work with time.monotonic_ns, inside `run`: mend it, {_AGAIN}",
)
SENT_LATE = Rule(
    name="sent late",
    touches=_EVERY,
    voided=(
        f"the 99th percentile of requests left later than {LATEST_S * 1e3:g} ms, or {LATEST_RATIO:.0%} of the "
        "median time of a request where that is more"
    ),
    why="a client that lags behind its schedule measures itself; a bare schedule lags by 6 to 15 ms on a busy "
    "machine of two cores, and AIPerf marks such a replay as degraded",
    remedy="leave a core free for the client, or ask for fewer requests a second",
)
FEW_REPEATS = Rule(
    name="too few repeats",
    touches=_EVERY,
    flagged=f"a work window of fewer than {FEWEST_REQUESTS} requests and less than {SHORTEST_S:g} s",
    why="the protocol of arXiv:2312.02741: 32 repeats or 5 s",
    remedy="lengthen the windows: {longer}",
)
WIDER = Rule(
    name="interval wider than asked",
    touches="the domain that the cell is about",
    flagged="its budget of windows ended before its interval was as narrow as asked",
    why="a cell that was given too little says so",
    remedy="more or longer windows (--most-windows, --window-s), or a quieter machine",
)
FEW_TICKS = Rule(
    name="too few ticks",
    touches=_OWN,
    voided=f"a work window of fewer than {FEWEST_TICKS} ticks of the counter that tells its energy",
    why="chosen: then more than half of the span can be the rests beside the work; fewer than 10 are flagged at "
    "the window",
    remedy="lengthen the windows: {longer}",
)

# Was the board one and the same machine all the time?
THROTTLED = Rule(
    name="throttled",
    touches=_OWN,
    voided="thermal or hardware slowdown inside a work window",
    why="a board that slows down is another board (NVML clock event reasons 0x8, 0x20, 0x40, 0x80, and its "
    "running total of thermal violations)",
    remedy=f"cool the machine, check its power supply, and {_AGAIN}",
)
POWER_CAP = Rule(
    name="power cap",
    touches=_OWN,
    flagged="the board ran at its power limit (NVML clock event reason 0x4, its running total of violations)",
    why="full load sits there",
    remedy="none needed: the limit is part of the coefficient's key",
)
LIMIT_CHANGED = Rule(
    name="power limit changed",
    touches=_OWN,
    voided=f"the enforced limit moved by more than {SETTLED_W:g} W between idle and the end of the work",
    why="the limit is part of the coefficient's key, and is set in whole watts",
    remedy=f"leave the limit alone (`nvidia-smi -pl`) while cells are measured, and {_AGAIN}",
)
CLOCK_DRIFT = Rule(
    name="clock drift",
    touches=_BOARD,
    of="{:.0%} between the median SM clocks of the work windows' halves",
    flag_over=0.05,
    void_over=0.15,
    why="chosen: power goes with voltage squared times clock, and voltage with the clock (arXiv:1610.01784), so "
    "that the energy of an operation goes with up to the clock squared: 5 % of clock is up to 10 % of energy, "
    "15 % up to 30 %, which is no longer one operating point",
    remedy=f"warm up longer, cool the board, or fix its clock (`nvidia-smi -lgc`), and {_AGAIN}",
)
TEMPERATURE_DRIFT = Rule(
    name="temperature drift",
    touches=_BOARD,
    of="{:g} °C between the mean temperatures of the work windows' halves",
    void_over=10.0,
    flagged=f"over {FASTEST_C_PER_MIN:g} °C a minute, and {LEAST_RISE_C:g} °C or more, from the first half of a "
    "work window to the last",
    why="power grows with temperature, and faster than in proportion (arXiv:1407.8116), but how much differs from "
    "board to board: a convention. LLenergyMeasure warns at 10 °C too, without a source. NVML tells whole "
    "degrees, so that a slope is believed from two of them on",
    remedy=f"warm up longer, until the board keeps its temperature, and {_AGAIN}",
)

# Did anybody else work on it?
FOREIGN = Rule(
    name="foreign processes",
    touches=_BOARD,
    flagged=f"other processes hold the board, or {HELD_MIB} MiB of its memory before anything is loaded",
    voided=f"they also worked: the board was used over {USED_RATIO:.0%} of the time while nothing was asked, or "
    "processes came or went during the work, or as much memory while nothing was asked",
    why="who only holds memory draws next to nothing more; a CUDA context takes 107 MiB or more (llama.cpp, pull "
    "request 23604), a driver at rest 8 MiB (nvml-wrapper, issue 57)",
    remedy=f"stop them (`nvidia-smi` lists them), and {_AGAIN}",
)
BUSY_BOARD = Rule(
    name="busy board",
    touches=_BOARD,
    of="{:.0%} of the time in use while nothing was asked, before loading or after",
    flag_over=USED_RATIO,
    void_over=0.25,
    why="chosen: a desktop's housekeeping stays below 5 %",
    remedy=f"stop what else uses this GPU (`nvidia-smi` lists it), and {_AGAIN}",
)
BUSY_MACHINE = Rule(
    name="busy machine",
    touches=_HOST,
    of="{:.0%} of the machine's threads busy while nothing was asked, before loading or after",
    flag_over=0.05,
    void_over=0.25,
    why="chosen: a desktop's or a monitoring agent's housekeeping stays below 5 %; half a core of a two-thread "
    "machine is not housekeeping",
    remedy=f"stop what else runs on this machine, and {_AGAIN}",
)
STEAL = Rule(
    name="steal time",
    touches=_HOST,
    of="{:.0%} of the machine's threads in a work window, taken by the hypervisor",
    flag_over=0.01,
    void_over=0.10,
    why="chosen: stolen time stretches a window, and what ran meanwhile is in no counter of ours",
    remedy=f"use a machine that is not shared, or {_AGAIN} at a quieter hour",
)

# What physics forbids
ABOVE_LIMIT = Rule(
    name="above the power limit",
    touches=_OWN,
    of="{:.0%} of the enforced limit as the mean power of a window",
    void_over=1.10,
    why="two gains of 5 % of a board (arXiv:2312.02741, section 4.4)",
    remedy="the sensor is wrong: see `joulemark doctor`",
)
BELOW_IDLE = Rule(
    name="below idle",
    touches="the domain in which the engine worked",
    voided=f"mean power at work below {BELOW_IDLE_RATIO:.0%} of that at rest with the model loaded",
    why="chosen: 5 % is what two measurements of idle may differ by; the board's gain is in both",
    remedy=f"something else used the device during idle: stop it and {_AGAIN}",
)
BELOW_MEMORY_COST = Rule(
    name="below the cost of memory",
    touches=_BOARD,
    voided="fewer joules than reading the weights once per decoding step must cost, at "
    f"{LEAST_J_PER_BYTE / 8 * 1e12:g} pJ a bit",
    why="the lowest published: fine-grained DRAM, designed and never sold (O'Connor et al., MICRO 2017, "
    "doi:10.1145/3123939.3124545; HBM2 there 3.92)",
    remedy="the sensor is wrong, or the work was not done: see `joulemark doctor`",
)
FASTER_THAN_MEMORY = Rule(
    name="faster than memory",
    touches=_EVERY,
    voided="decoding steps that took less time than their weights need at the board's peak bandwidth",
    why="each weight is read once a step, but for what the largest cache holds: "
    f"{LARGEST_CACHE_BYTES // BYTES_PER_MIB} MiB (AMD MI300X); the peak is twice the memory clock times the bus's "
    "width (CUDA C++ Best Practices Guide, theoretical bandwidth)",
    remedy="the work was not done: mend the engine, which must return only once the device has finished",
)

# What no ceiling of a calibration can be
ABOVE_PEAK = Rule(
    name="above the declared peak",
    touches="every domain, of one kernel of a calibration",
    voided="more work a second than the device is declared to do",
    why="the work was not done, or not as counted; or the declared figure, whose source stands in the hardware "
    "profile, is another device's",
    remedy="check the declared figure in the hardware profile, or report the kernel: its work was not all done",
)
FREE_BYTES = Rule(
    name="bytes below the cost of memory",
    touches="the domain, of one kernel of a calibration",
    voided=f"fewer joules than {LEAST_J_PER_BYTE / 8 * 1e12:g} pJ a bit that went to memory or came from it",
    why=BELOW_MEMORY_COST.why,
    remedy="the sensor is wrong, or does not hold the memory: see `joulemark doctor`",
)
CROWDED = Rule(
    name="crowded machine",
    touches="every domain, of one kernel of a calibration",
    of="{:.0%} of the machine's threads taken by others, in the median window of a kernel on the CPU",
    flag_over=0.05,
    void_over=0.25,
    why="chosen, as of a busy machine: what others took is in the joules, and missing from the rate",
    remedy=f"stop what else runs on this machine, and {_AGAIN}",
)
OF_CALIBRATIONS = (ABOVE_PEAK, FREE_BYTES, CROWDED)

RULES = (
    NO_SENSOR, ELSEWHERE, SENSOR_LOST, FAULT, SENSOR_SILENT, SAMPLER_GAP, VOID_WINDOWS, FROZEN_POWER, REPLAYED,
    OTHER_MODULE, DEVICE_NOT_FOUND, NO_WORK, FAILED_REQUESTS, OTHER_WORK, OTHER_SERVER, OTHER_BOARD,
    WORK_AFTER, RELOADED, COUNTS_UNCHECKED, STRAY_WORK, SENT_LATE, FEW_REPEATS, WIDER, FEW_TICKS, THROTTLED,
    POWER_CAP, LIMIT_CHANGED, CLOCK_DRIFT, TEMPERATURE_DRIFT, FOREIGN, BUSY_BOARD, BUSY_MACHINE, STEAL,
    ABOVE_LIMIT, BELOW_IDLE, BELOW_MEMORY_COST, FASTER_THAN_MEMORY, *OF_CALIBRATIONS,
)  # fmt: skip
_BY_NAME = {rule.name: rule for rule in RULES}


def of_verdict(verdict: Verdict) -> Rule:
    """The rule that a verdict goes by. Raises KeyError for a name that is in no table."""
    return _BY_NAME[verdict.name]
