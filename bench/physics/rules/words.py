"""What several rules say alike: whose figures are touched, and what helps."""

AGAIN = "{again}"  # filled by what was measured: `doubt.Words`
DOCTOR = "see `joulemark doctor`"
EVERY, OWN, BOARD = "every domain", "the domain", "the engine's board"
HOST = "the host's figures: host, cpu, dram, platform"
