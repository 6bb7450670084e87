"""The model as an ONNX graph, built from numpy arrays alone: no torch, and the same bytes for the same weights.

Inputs: `rows` int64 (batch, time, pieces), row 0 for padding; `lengths` int32 (batch,), words in each sentence, at
least 1. Output: `scores` float32 (batch, 8), each row's sum 1. Batch, time and pieces are free.
"""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from . import INTENTS, model

OPSET = 17
IR_VERSION = 9
_TORCH_TO_ONNX = (0, 3, 1, 2)  # torch: input, forget, cell, output; ONNX: input, output, forget, cell


def build(weights: model.Weights, remap: NDArray[np.int64] | None = None) -> onnx.ModelProto:
    """The graph of these weights. With `remap` (50 000 rows → rows of a smaller table) clients go on sending rows
    of the full table, and the graph looks their place up."""
    constants = {
        "table": weights.table,
        "W": _gates(weights.input)[None],
        "R": _gates(weights.recurrent)[None],
        "B": np.concatenate([_gates(weights.bias), np.zeros_like(weights.bias)])[None],
        "dense": np.ascontiguousarray(weights.dense.T),
        "dense_bias": weights.dense_bias,
        "zero": np.zeros((), np.int64),
        "one": np.ones((), np.float32),
        "second_last": np.array([2], np.int64),
        "first": np.array([0], np.int64),
    }
    if remap is not None:
        constants["remap"] = remap
    graph = helper.make_graph(
        [*_look_up(remap is not None), *_mean(), *_read(weights.hidden)],
        "intent",
        [
            helper.make_tensor_value_info("rows", TensorProto.INT64, ["batch", "time", "pieces"]),
            helper.make_tensor_value_info("lengths", TensorProto.INT32, ["batch"]),
        ],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", len(INTENTS)])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="joulemark")
    made.ir_version = IR_VERSION
    onnx.checker.check_model(made)
    return made


def _look_up(remapped: bool) -> list[onnx.NodeProto]:
    """rows → vectors (batch, time, pieces, width)."""
    if not remapped:
        return [helper.make_node("Gather", ["table", "rows"], ["vectors"], name="embedding")]
    return [
        helper.make_node("Gather", ["remap", "rows"], ["places"], name="remap"),
        helper.make_node("Gather", ["table", "places"], ["vectors"], name="embedding"),
    ]


def _mean() -> list[onnx.NodeProto]:
    """vectors → words (batch, time, width): the mean over the pieces that are there."""
    return [
        helper.make_node("ReduceSum", ["vectors", "second_last"], ["summed"], name="sum", keepdims=0),
        helper.make_node("Greater", ["rows", "zero"], ["there"], name="there"),
        helper.make_node("Cast", ["there"], ["there_float"], name="there_float", to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["there_float", "second_last"], ["counted"], name="count", keepdims=1),
        helper.make_node("Max", ["counted", "one"], ["divisor"], name="divisor"),
        helper.make_node("Div", ["summed", "divisor"], ["words"], name="mean"),
    ]


def _read(hidden: int) -> list[onnx.NodeProto]:
    """words → scores: the LSTM's state at each sentence's own end, dense, softmax."""
    return [
        helper.make_node("Transpose", ["words"], ["steps"], name="time_first", perm=[1, 0, 2]),
        helper.make_node(
            "LSTM", ["steps", "W", "R", "B", "lengths"], ["", "state"], name="lstm", hidden_size=hidden
        ),
        helper.make_node("Squeeze", ["state", "first"], ["last"], name="last"),
        helper.make_node("MatMul", ["last", "dense"], ["weighed"], name="dense"),
        helper.make_node("Add", ["weighed", "dense_bias"], ["logits"], name="dense_bias"),
        helper.make_node("Softmax", ["logits"], ["scores"], name="softmax", axis=1),
    ]


def _gates(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """The four blocks of rows in ONNX's order."""
    blocks = np.split(matrix, 4)
    return np.ascontiguousarray(np.concatenate([blocks[k] for k in _TORCH_TO_ONNX]))
