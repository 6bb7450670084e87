"""What physics forbids: a sensor is wrong, or the work was not done."""

from bench.physics.doubt import Rule
from bench.physics.rules.words import AGAIN, BOARD, EVERY, OWN
from bench.units import BYTES_PER_MIB

BELOW_IDLE_RATIO = 0.95
# 1.95 pJ/bit, a fine-grained DRAM that was designed and never sold; HBM2 costs 3.92, HBM3E 3.9 (Samsung)
LEAST_J_PER_BYTE = 8 * 1.95e-12
LARGEST_CACHE_BYTES = 256 * BYTES_PER_MIB

ABOVE_LIMIT = Rule(
    name="above the power limit",
    touches=OWN,
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
    remedy=f"something else used the device during idle: stop it and {AGAIN}",
)
BELOW_MEMORY_COST = Rule(
    name="below the cost of memory",
    touches=BOARD,
    voided="fewer joules than reading the weights once per decoding step must cost, at "
    f"{LEAST_J_PER_BYTE / 8 * 1e12:g} pJ a bit",
    why="the lowest published: fine-grained DRAM, designed and never sold (O'Connor et al., MICRO 2017, "
    "doi:10.1145/3123939.3124545; HBM2 there 3.92)",
    remedy="the sensor is wrong, or the work was not done: see `joulemark doctor`",
)
FASTER_THAN_MEMORY = Rule(
    name="faster than memory",
    touches=EVERY,
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
    remedy=f"stop what else runs on this machine, and {AGAIN}",
)
OF_CALIBRATIONS = (ABOVE_PEAK, FREE_BYTES, CROWDED)
