"""Trains the heads of the pruned variants again: python -m workloads.intent.retrain

A model that is cut and left so is a straw man: after pruning, what remains is trained again (Han et al. 2015,
arXiv:1506.02626, section 3.3; checked 2026-11-21). Here the table stays as it was cut, and the LSTM and the dense
layer learn on; a weight at zero stays there. They are written to pruned.npz.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from . import model, prune, sentences
from .train import BATCH, SEED, Net, epoch_batches, head, put_head, right, say, step

EPOCHS, EACH = 2, 2500
RATE, LAST_RATE = 2e-3, 1e-4


def retrain(weights: model.Weights, seed: int, epochs: int, each: int) -> Mapping[str, np.ndarray]:
    """The head of these weights after more training; what was zero in its matrices is zero."""
    torch.manual_seed(seed)
    net = Net(weights.table, np.arange(0), weights.hidden)
    put_head(net, weights)
    net.table.weight.requires_grad_(False)
    matrices = (net.lstm.weight_ih_l0, net.lstm.weight_hh_l0, net.dense.weight)
    masks = [(one.detach() != 0).float() for one in matrices]
    optimiser = torch.optim.AdamW(
        [one for one in net.parameters() if one.requires_grad], lr=RATE, weight_decay=0.0
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs * (each * 16 // BATCH + 1), LAST_RATE)
    dev = sentences.read_labelled("dev")
    for epoch in range(epochs):
        net.train()
        for batch in epoch_batches(seed + 1000 * (epoch + 1), each):
            step(net, batch, optimiser, schedule)
            with torch.no_grad():
                for one, mask in zip(matrices, masks, strict=True):
                    one.mul_(mask)
        say(f"  epoch {epoch + 1}/{epochs}  dev {right(net, dev)}/{len(dev)}")
    return head(net)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seed", type=int, default=SEED + 1)
    options.add_argument("--epochs", type=int, default=EPOCHS)
    options.add_argument("--each", type=int, default=EACH)
    options.add_argument("--out", type=Path, default=prune.HEADS)
    asked = options.parse_args(arguments)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    weights, touched = model.load(), model.touched_rows()
    kept = {"of": np.array(model.manifest_sha256())}
    for name, cut in prune.CUTS.items():
        say(name)
        found = retrain(cut(weights, touched), asked.seed, asked.epochs, asked.each)
        kept |= {f"{name}/{part}": array for part, array in found.items()}
    np.savez_compressed(asked.out, **kept)
    sys.stderr.write(f"{asked.out}: {asked.out.stat().st_size / 1e6:.2f} MB\n")


if __name__ == "__main__":
    main()
