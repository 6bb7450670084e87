"""How many estimates a second columns give, intervals and grams inside, on one core; beside plain numpy.

Requests are drawn by chance: lengths log-normal, models, cards, batches and regions alike. Every call prices
CALL rows into columns of an earlier call. It is held against the same arithmetic written by hand, its
combinations resolved beforehand, nothing checked, refused or cut short by memory; by whole columns or blocks,
whichever is faster. Both in turn, in seconds of the core that they ran on (a busy machine makes them wait, not
slower but for caches that are shared); a rate is that of the fastest call, the ratio the median over rounds.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from statistics import median

import numpy as np
from perf_goals import Goal, Section

from bench.carbon import grams_per_it_kwh
from bench.estimators.columns import Coded, Columns, Many
from bench.estimators.columns.arrays import BLOCK
from bench.estimators.columns.cells import resolved
from bench.estimators.columns.combos import Combo
from bench.estimators.columns.evaluating import Reaches
from bench.files.knowing import read_known
from bench.files.regions import read_regions
from bench.units import J_PER_KWH

CALL, ROUNDS, SEED = 500_000, 21, 20261122
MODELS = [
    "llama-3.1-8b",
    "llama-3.1-70b",
    "llama-3.2-3b",
    "mistral-7b",
    "mixtral-8x7b",
    "qwen2.5-7b",
    "qwen2.5-14b",
    "qwen3-30b-a3b",
    "qwen3-32b",
    "gemma-2-9b",
    "gemma-3-27b",
    "phi-3-mini-4b",
    "phi-4-14b",
    "gpt-oss-20b",
    "gpt-oss-120b",
    "deepseek-r1-distill-8b",
]
CARDS = ("h100-sxm", "h200", "a100-sxm4-80gb", "b200", "l40s")
REGIONS = ("francecentral", "westeurope", "swedencentral", "usa", "germany", "global", "japaneast", "uksouth")
BATCHES = (1.0, 8.0, 32.0)
SHORT = 2000.0
KNOWN, PLACE = read_known(), read_regions().place
ALL = Reaches.of(KNOWN.prior)
Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is asked, the same by hand, and how many a second are wanted."""

    name: str
    asked: Columns
    by_hand: Callable[[slice], tuple[np.ndarray, ...]]
    wanted: float


def section() -> Section:
    """Mixed rows and rows of one cell beside plain numpy; then other kinds of rows by themselves."""
    done = [(case, *_raced(case)) for case in (_mixed(), _one_cell())]
    rows, goals = [], []
    for case, first_s, ours_s, hand_s, ratio in done:
        rate = CALL / ours_s
        rows.append(
            (case.name, *(f"{CALL / each_s / 1e6:.1f}" for each_s in (ours_s, hand_s, first_s)), f"{ratio:.2f}")
        )
        goals += [
            Goal(
                name=f"estimates a second, {case.name}",
                asked=f"{case.wanted / 1e6:.0f} million",
                found=f"{rate / 1e6:.1f} million",
                met=rate >= case.wanted,
            ),
            Goal(name=f"over plain numpy, {case.name}", asked="0.8", found=f"{ratio:.2f}", met=ratio >= 0.8),
        ]
    rows += [_alone(name, asked) for name, asked in _others().items()]
    return Section(
        title=f"Columns: million estimates a second, one core, {CALL:,} rows a call",
        head=("rows", "columns", "by hand", "first call", "columns ÷ by hand"),
        rows=tuple(rows),
        goals=tuple(goals),
    )


def _alone(name: str, asked: Columns) -> tuple[str, ...]:
    many = Many(KNOWN, PLACE)
    first_s, out = _timed(lambda: many.estimate(asked))
    ours_s = min(_timed(lambda: many.estimate(asked, out))[0] for _ in range(5))
    return name, f"{CALL / ours_s / 1e6:.1f}", "", f"{CALL / first_s / 1e6:.1f}", ""


def _others() -> Mapping[str, Columns]:
    """Rows that other forms answer, or none does."""
    lengths = _lengths(np.random.default_rng(SEED))
    first = {"model": MODELS[0], "hardware": CARDS[0], "region": REGIONS[0]}
    large = {"model": "llama-3.1-70b", "hardware": "h100-sxm", "region": REGIONS[0]}
    return {
        "no batch said": Columns(**first, **lengths),
        "batches cut short by memory": Columns(**large, batch=128.0, **lengths),
        "measured cells, translation": Columns(model="nllb-600m", region=REGIONS[0], **lengths),
        "measured cells, speech": Columns(
            model="whisper-tiny", region=REGIONS[0], audio_seconds=lengths["in_tokens"]
        ),
        "one row in 100 refused": Columns(
            **first,
            batch=8.0,
            in_tokens=np.where(np.arange(CALL) % 100, lengths["in_tokens"], np.nan),
            out_tokens=100.0,
        ),
    }


def _raced(case: Case) -> tuple[float, float, float, float]:
    """Seconds of the first call, the fastest by columns and by hand, and the median of their ratios."""
    many, every = Many(KNOWN, PLACE), slice(0, CALL)
    first_s, out = _timed(lambda: many.estimate(case.asked))
    _same(out, case.by_hand(every))
    whole_s = min(_timed(lambda: case.by_hand(every))[0] for _ in range(3))
    blocks_s = min(_timed(lambda: _by_blocks(case))[0] for _ in range(3))
    by_hand = (lambda: case.by_hand(every)) if whole_s < blocks_s else (lambda: _by_blocks(case))
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(_timed(lambda: many.estimate(case.asked, out))[0])
        theirs.append(_timed(by_hand)[0])
    return first_s, min(ours), min(theirs), median(b / a for a, b in zip(ours, theirs, strict=True))


def _timed(call):
    began_s = time.thread_time()
    found = call()
    return time.thread_time() - began_s, found


def _by_blocks(case: Case) -> None:
    out = [np.empty(CALL) for _ in range(6)]
    for start in range(0, CALL, BLOCK):
        part = slice(start, min(start + BLOCK, CALL))
        for column, found in zip(out, case.by_hand(part), strict=True):
            column[part] = found


def _same(out, by_hand: tuple[np.ndarray, ...]) -> None:
    """Both give one answer, but where memory cuts batches short, which is not written by hand."""
    ours = [getattr(each, side) for each in (out.energy_kwh, out.carbon_g) for side in ("low", "value", "high")]
    assert not out.refusal.any()
    alike = np.isclose(ours[1], by_hand[1], rtol=1e-9, atol=0.0)
    assert alike.mean() > 0.8, alike.mean()
    for one, other in zip(ours, by_hand, strict=True):
        np.testing.assert_allclose(one[alike], other[alike], rtol=1e-9)


def _lengths(chance: np.random.Generator) -> Arrays:
    return {
        "in_tokens": np.round(np.exp(chance.normal(6.0, 0.9, CALL))),
        "out_tokens": np.round(np.exp(chance.normal(5.0, 0.9, CALL))) + 1,
    }


def _mixed() -> Case:
    chance = np.random.default_rng(SEED)
    lengths = _lengths(chance)
    names = {"model": MODELS, "hardware": CARDS, "region": REGIONS}
    codes = {name: chance.integers(0, len(of), CALL, dtype=np.int32) for name, of in names.items()}
    batch = chance.integers(0, len(BATCHES), CALL, dtype=np.int32)
    asked = Columns(
        **{name: Coded(codes=codes[name], names=tuple(of)) for name, of in names.items()},
        batch=np.array(BATCHES)[batch],
        **lengths,
    )
    combos = [
        Combo(model=m, hardware=h, batch=b, audio_said=False) for m in MODELS for h in CARDS for b in BATCHES
    ]
    cells = [asdict(resolved(combo, KNOWN, None).prior.plain) for combo in combos]
    table = {name: np.array([cell[name] for cell in cells]) for name in cells[0]}
    grid = np.array([tuple(grams_per_it_kwh(PLACE(name))) for name in REGIONS]).T

    def by_hand(part: slice) -> tuple[np.ndarray, ...]:
        at = (codes["model"][part] * len(CARDS) + codes["hardware"][part]) * len(BATCHES) + batch[part]
        found = {name: column[at] for name, column in table.items() if name in USED}
        return arithmetic(found, grid[:, codes["region"][part]], *(each[part] for each in lengths.values()))

    return Case(name="mixed", asked=asked, by_hand=by_hand, wanted=12e6)


def _one_cell() -> Case:
    lengths = _lengths(np.random.default_rng(SEED))
    said = {"model": MODELS[0], "hardware": CARDS[0], "batch": 8.0}
    plain = resolved(Combo(**said, audio_said=False), KNOWN, None).prior.plain
    cell = {name: value for name, value in asdict(plain).items() if name in USED and value}
    grid = tuple(grams_per_it_kwh(PLACE(REGIONS[0])))
    return Case(
        name="one cell",
        asked=Columns(**said, region=REGIONS[0], **lengths),
        by_hand=lambda part: arithmetic(cell, grid, *(each[part] for each in lengths.values())),
        wanted=40e6,
    )


USED = [
    "step",
    "cache",
    "prompt",
    "square",
    "fixed",
    "up_step",
    "up_cache",
    "up_fixed",
    "down_step",
    "down_cache",
    "down_fixed",
    "rest",
    "least",
    "missed",
    "expert",
    "twice_first",
]


def arithmetic(cell, grid, prompt: np.ndarray, output: np.ndarray) -> tuple[np.ndarray, ...]:
    """The prior's closed form, as one writes it down: kWh, then grams, each low, value, high."""
    steps = np.maximum(output - 1, 0)
    cache = cell["cache"] * steps * (prompt + output / 2)
    input_ = (cell["square"] * prompt + cell["prompt"]) * prompt
    value = cell["step"] * steps + cache + input_ + cell["fixed"]
    up = cell["up_step"] * steps**2 + cell["up_cache"] * cache**2 + ALL.up_prompt * input_**2 + cell["up_fixed"]
    down = (
        cell["down_step"] * steps**2
        + cell["down_cache"] * cache**2
        + ALL.down_prompt * input_**2
        + cell["down_fixed"]
    )
    if "missed" in cell:
        missed = cell["missed"] * np.exp(np.maximum(cell["expert"] * prompt, -80.0))
        value = value - missed
        first = missed * (missed - cell["twice_first"])
        up, down = up + ALL.up_first * first, down + ALL.down_first * first
    above = np.sqrt(np.log1p(np.sqrt(up) / value) ** 2 + cell["rest"])
    below = np.sqrt(np.log(1 - np.sqrt(down) / value) ** 2 + cell["rest"])
    beyond = np.sqrt(np.sqrt(np.maximum(prompt, SHORT) * np.maximum(output, SHORT))) / np.sqrt(SHORT)
    low = np.maximum(value * np.exp(-ALL.width * below), cell["least"] * steps) / beyond / J_PER_KWH
    high = value * np.exp(ALL.width * above) * beyond / J_PER_KWH
    value = value / J_PER_KWH
    return low, value, high, low * grid[0], value * grid[1], high * grid[2]
