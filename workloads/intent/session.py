"""A variant loaded in onnxruntime: rows of sentences → scores."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from . import tokens

Rows = tuple[tuple[int, ...], ...]


class Classifier:
    """One ONNX file on the CPU. Spinning is off: idle threads that spin would draw power between requests."""

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def scores(self, batch: Sequence[Rows]) -> NDArray[np.float32]:
        """Scores (batch, 8) of at least one sentence's rows, each sentence with a word."""
        rows, lengths = tokens.padded(batch)
        told = {"rows": np.array(rows, np.int64), "lengths": np.array(lengths, np.int32)}
        return self._session.run(["scores"], told)[0]

    def probabilities(self, sentences: Sequence[str], *, batch: int = 32) -> NDArray[np.float32]:
        """Scores (sentences, 8), `batch` sentences at a time."""
        rows = [tokens.word_rows(one) for one in sentences]
        return np.concatenate([self.scores(rows[at : at + batch]) for at in range(0, len(rows), batch)])
