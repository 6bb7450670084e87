"""Trains the classifier on generated sentences and writes its weights: python -m workloads.intent.train

Seeded and on one thread, so that the same machine and torch give the same weights; ten minutes on one core.
Every epoch draws new sentences. Only the dev part is looked at here; the held-out half is read by figures.py.
"""

import argparse
import hashlib
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from . import INTENTS, model, noise, sentences, tokens

SEED = 20261121
EPOCHS, EACH, BATCH = 12, 2500, 128
RATE, LAST_RATE, AVERAGE = 3e-3, 1e-4, 0.999
SPATIAL_DROPOUT, STATE_DROPOUT, WORD_DROPOUT, STRANGER_RATIO = 0.3, 0.4, 0.08, 0.06
SMOOTHING = 0.05
"""Chosen on the dev part. AVERAGE: what is kept is the running average of the weights, with this decay a step."""

COUNT_EACH, SEEN_AT_LEAST = 6000, 6
"""Rows are trained where clean sentences touch them at least so often: typos alone open no row of their own."""


class Net(nn.Module):
    """The network that is trained; `model.Weights` is what remains of it."""

    def __init__(self, table: np.ndarray, trainable: np.ndarray, hidden: int = model.HIDDEN) -> None:
        super().__init__()
        self.table = nn.Embedding.from_pretrained(torch.from_numpy(table), freeze=False)
        mask = torch.zeros(len(table), 1)
        mask[torch.from_numpy(trainable)] = 1.0
        self.table.weight.register_hook(lambda gradient: gradient * mask)
        self.lstm = nn.LSTM(model.WIDTH, hidden, batch_first=True)
        self.dense = nn.Linear(hidden, len(INTENTS))

    def forward(self, rows: Tensor, lengths: Tensor) -> Tensor:
        """Logits (batch, 8) of rows (batch, time, pieces) and lengths (batch,)."""
        counts = (rows > 0).sum(2, keepdim=True).clamp(min=1)
        read = self.table(rows).sum(2) / counts
        if self.training:  # the same features are dropped in every word: the original's SpatialDropout1D
            kept = torch.rand(len(rows), 1, model.WIDTH) >= SPATIAL_DROPOUT
            read = read * kept / (1 - SPATIAL_DROPOUT)
        packed = nn.utils.rnn.pack_padded_sequence(read, lengths, batch_first=True, enforce_sorted=False)
        _, (state, _) = self.lstm(packed)
        return self.dense(nn.functional.dropout(state[0], STATE_DROPOUT, self.training))


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One step's input."""

    rows: Tensor
    lengths: Tensor
    labels: Tensor


def trainable_rows(seed: int) -> np.ndarray:
    """The rows that clean sentences touch at least SEEN_AT_LEAST times, ascending."""
    counts: Counter[int] = Counter()
    for one in sentences.clean(seed, COUNT_EACH):
        counts.update(row for rows in tokens.word_rows(one.sentence) for row in rows)
    return np.array(sorted(row for row, n in counts.items() if n >= SEEN_AT_LEAST), np.int64)


def epoch_batches(seed: int, each: int) -> list[Batch]:
    """One epoch of new sentences with words dropped and strangers among them, in batches of like lengths."""
    rng = random.Random(seed)
    made = []
    for one in sentences.generated(seed, each):
        said = [noise.stranger(rng) if rng.random() < STRANGER_RATIO else word for word in one.sentence.split()]
        kept = [word for word in said if rng.random() >= WORD_DROPOUT] or said
        rows = tokens.word_rows(" ".join(kept))
        if rows:
            made.append((rows, INTENTS.index(one.intent)))
    rng.shuffle(made)
    near = [sorted(made[at : at + 32 * BATCH], key=lambda m: len(m[0])) for at in range(0, len(made), 32 * BATCH)]
    batches = [block[at : at + BATCH] for block in near for at in range(0, len(block), BATCH)]
    rng.shuffle(batches)
    return [_batch(one) for one in batches]


def train(seed: int, epochs: int, each: int) -> tuple[Net, np.ndarray]:
    """The trained network and the rows that training could touch."""
    torch.manual_seed(seed)
    rows = trainable_rows(seed)
    net = Net(model.initial_table(seed), rows)
    average = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(AVERAGE))
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=0.0)
    steps = epochs * (each * 16 // BATCH + 1)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps, LAST_RATE)
    dev = sentences.read_labelled("dev")
    for epoch in range(epochs):
        started = time.monotonic()
        net.train()
        losses = []
        for batch in epoch_batches(seed + 1000 * (epoch + 1), each):
            losses.append(step(net, batch, optimiser, schedule))
            average.update_parameters(net)
        found = right(average.module, dev)
        took = time.monotonic() - started
        say(f"epoch {epoch + 1}/{epochs}  loss {np.mean(losses):.3f}  dev {found}/{len(dev)}  {took:.0f} s")
    return average.module, rows


def write(net: Net, rows: np.ndarray, seed: int, weights: Path, manifest: Path) -> None:
    """Weights and manifest to disk, all in float16, which is what every later reader sees."""
    kept = {
        "touched": rows.astype(np.uint16),
        "rows": net.table.weight.detach().numpy()[rows].astype(np.float16),
        **head(net),
    }
    np.savez_compressed(weights, **kept)
    told = {
        "schema_version": 1,
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "table_seed": seed,
        "touched_rows": len(rows),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "licence": "CC0-1.0",
    }
    manifest.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def head(net: Net) -> dict[str, np.ndarray]:
    """All but the table, in float16, by the names of `model.Weights`."""
    lstm, dense = net.lstm, net.dense
    found = {
        "input": lstm.weight_ih_l0,
        "recurrent": lstm.weight_hh_l0,
        "bias": lstm.bias_ih_l0 + lstm.bias_hh_l0,
        "dense": dense.weight,
        "dense_bias": dense.bias,
    }
    return {name: one.detach().numpy().astype(np.float16) for name, one in found.items()}


def put_head(net: Net, weights: model.Weights) -> None:
    """Puts the LSTM and the dense layer of these weights into the network."""
    with torch.no_grad():
        net.lstm.weight_ih_l0.copy_(torch.from_numpy(weights.input))
        net.lstm.weight_hh_l0.copy_(torch.from_numpy(weights.recurrent))
        net.lstm.bias_ih_l0.copy_(torch.from_numpy(weights.bias))
        net.lstm.bias_hh_l0.zero_()
        net.dense.weight.copy_(torch.from_numpy(weights.dense))
        net.dense.bias.copy_(torch.from_numpy(weights.dense_bias))


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seed", type=int, default=SEED)
    options.add_argument("--epochs", type=int, default=EPOCHS)
    options.add_argument("--each", type=int, default=EACH, help="sentences of each intent and language, an epoch")
    options.add_argument("--weights", type=Path, default=model.WEIGHTS)
    options.add_argument("--manifest", type=Path, default=model.MANIFEST)
    asked = options.parse_args(arguments)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    net, rows = train(asked.seed, asked.epochs, asked.each)
    write(net, rows, asked.seed, asked.weights, asked.manifest)
    say(f"{asked.weights}: {len(rows)} rows touched, {asked.weights.stat().st_size / 1e6:.2f} MB")


def _batch(members: Sequence[tuple[tuple[tuple[int, ...], ...], int]]) -> Batch:
    rows, lengths = tokens.padded([rows for rows, _ in members])
    return Batch(
        rows=torch.tensor(rows), lengths=torch.tensor(lengths), labels=torch.tensor([k for _, k in members])
    )


def step(
    net: Net, batch: Batch, optimiser: torch.optim.Optimizer, schedule: torch.optim.lr_scheduler.LRScheduler
) -> float:
    """One step of the optimiser and its loss."""
    loss = nn.functional.cross_entropy(net(batch.rows, batch.lengths), batch.labels, label_smoothing=SMOOTHING)
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    optimiser.step()
    schedule.step()
    return float(loss.item())


def right(net: Net, labelled: Sequence[sentences.Labelled]) -> int:
    """How many of them the network names."""
    net.eval()
    batch = _batch([(tokens.word_rows(one.sentence), INTENTS.index(one.intent)) for one in labelled])
    with torch.no_grad():
        return int((net(batch.rows, batch.lengths).argmax(1) == batch.labels).sum())


def say(line: str) -> None:
    """One line of progress, to stderr."""
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    main()
