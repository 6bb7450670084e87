"""Was the work done, and is its energy counted where its tokens are?"""

from bench.physics.doubt import Rule
from bench.physics.rules.words import AGAIN, EVERY, OWN

# What is compared with in more than one place, or is no plain "over"
FEWEST_REQUESTS, SHORTEST_S = 32, 5.0
FEWEST_TICKS = 3
# Answers of a server that are judged together (chosen: where a tenth of the honest ones come in few pieces, as in
# the worst of three runs of llama-server with random weights, 2026-11-21, seven of twelve do once in 20 000)
FEWEST_ANSWERS = 12
THIN_RATIO, THIN_SHARE = 0.8, 0.1  # of the others' pieces a token; the share of such answers in that worst run
AIMED_RATIO = 2.0  # a server's prompt and the length that was aimed at (chosen: beyond what words vary by)
STILL_AT_WORK_RATIO, STILL_BUSY_RATIO = 0.25, 0.05
LATEST_S, LATEST_RATIO = 0.025, 0.1

NO_WORK = Rule(
    name="no work window",
    touches=EVERY,
    voided="no work window was finished",
    why="there is nothing to tell",
    remedy=AGAIN,
)
FAILED_REQUESTS = Rule(
    name="failed requests",
    touches=EVERY,
    voided="a request failed",
    why="energy of work that failed is not energy per unit of work",
    remedy=f"mend the engine's error and {AGAIN}",
)
OTHER_WORK = Rule(
    name="work differs from the ask",
    touches=EVERY,
    flagged="a request was answered with more or less than was asked; or a server read prompts of half or twice "
    "the length that was aimed at",
    why="an engine that stopped early did less than its request says",
    remedy="figures per unit use the achieved work",
)
OTHER_SERVER = Rule(
    name="another server",
    touches=EVERY,
    voided="the server says something else of itself after the last window than before the first",
    why="figures of two servers are nobody's",
    remedy=f"leave the server alone while it is measured, and {AGAIN}",
)
OTHER_BOARD = Rule(
    name="another board worked",
    touches=EVERY,
    of="{:.0%} of its idle power as the rise of a board that is not the server's, from idle to work",
    void_over=0.10,
    why="chosen: a board that stands by keeps its power to a few per cent; one that rises while requests are "
    "answered does the work, and its energy would be in no figure (a gateway, workers that share a port)",
    remedy="say where the server works (--device), start it with CUDA_VISIBLE_DEVICES naming one board, or stop "
    "what else uses that board",
)
WORK_AFTER = Rule(
    name="work after the answers",
    touches=OWN,
    flagged=f"a board that still draws over {STILL_AT_WORK_RATIO:.0%} of its rise once every answer has come",
    voided=f"a machine that does, and {STILL_BUSY_RATIO:.0%} of its idle power or more",
    why="chosen: a server that answers first and works afterwards spends that energy in no request; a board's "
    "clocks may also fall slowly, a machine's utilisation does not",
    remedy="measure a request that waits for its work, or the queue's worker itself",
)
RELOADED = Rule(
    name="model loaded anew",
    touches=EVERY,
    of="{:g} s of loading in a request of a work window, by the server's own count",
    void_over=0.25,
    why="chosen: Ollama counts some hundredths of a second for a model that is there (load_duration, docs/api.md)",
    remedy=f"keep the model loaded (keep_alive, memory enough), and {AGAIN}",
)
COUNTS_UNCHECKED = Rule(
    name="counts unchecked",
    touches=EVERY,
    flagged="a server's token counts could not be held against what came: fewer than "
    f"{FEWEST_ANSWERS} answers, none of its probes in pieces, or more answers in few pieces than chance makes",
    why="chosen: of few answers an honest server may by chance send most in few pieces",
    remedy="longer windows (--window-s), or a server that streams",
)
STRAY_WORK = Rule(
    name="work outside its window",
    touches=EVERY,
    voided="a request is not wholly inside a work window",
    why="its energy is counted where its tokens are not",
    remedy=f"an engine stamps its work with time.monotonic_ns, inside `run`: mend it, {AGAIN}",
)
SENT_LATE = Rule(
    name="sent late",
    touches=EVERY,
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
    touches=EVERY,
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
    touches=OWN,
    voided=f"a work window of fewer than {FEWEST_TICKS} ticks of the counter that tells its energy",
    why="chosen: then more than half of the span can be the rests beside the work; fewer than 10 are flagged at "
    "the window",
    remedy="lengthen the windows: {longer}",
)
