"""The ONNX files say what the weights say, whatever the batch, and hold what their names promise."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="onnx is missing: pip install 'joulemark[intent]'", exc_type=ImportError)
pytest.importorskip(
    "onnxruntime", reason="onnxruntime is missing: pip install 'joulemark[intent]'", exc_type=ImportError
)

from workloads.intent import model, tokens  # noqa: E402 - after the skips
from workloads.intent.export import VARIANTS, export  # noqa: E402
from workloads.intent.sentences import read_labelled  # noqa: E402
from workloads.intent.session import Classifier  # noqa: E402

SENTENCES = [one.sentence for one in read_labelled("dev")[::4]]


@pytest.fixture(scope="module")
def weights():
    return model.load()


def scores(variant, folder, batch=32):
    return Classifier(export(variant, folder)).probabilities(SENTENCES, batch=batch)


def test_the_graph_says_what_numpy_says(onnx_folder, weights):
    """Within 1e-5 of an implementation that shares no code with onnxruntime."""
    assert np.abs(scores("fp32", onnx_folder) - model.probabilities(weights, SENTENCES)).max() < 1e-5


def test_the_graph_says_what_torch_says(onnx_folder, weights):
    """Within 1e-5 of the network that was trained, loaded with the committed weights."""
    torch = pytest.importorskip("torch", reason="torch is missing: pip install 'joulemark[transformers]'")
    from workloads.intent.train import Net, put_head

    net = Net(weights.table.copy(), np.arange(1))
    put_head(net, weights)
    with torch.no_grad():
        rows, lengths = tokens.padded([tokens.word_rows(one) for one in SENTENCES])
        said = net.eval()(torch.tensor(rows), torch.tensor(lengths)).softmax(1).numpy()

    assert np.abs(scores("fp32", onnx_folder) - said).max() < 1e-5


@pytest.mark.parametrize("variant", ["fp32", "rows", "units-50"])
def test_a_sentence_says_the_same_in_any_batch(onnx_folder, variant):
    """Padding, of time and of pieces, leaves no trace."""
    assert np.abs(scores(variant, onnx_folder, 1) - scores(variant, onnx_folder, 40)).max() < 1e-5


def test_the_table_of_touched_rows_changes_next_to_nothing(onnx_folder):
    """What it loses are rows that training never touched: deviations of 0.01."""
    assert np.abs(scores("rows", onnx_folder) - scores("fp32", onnx_folder)).max() < 0.05


def test_eight_bits_hold_the_table_the_lstm_and_the_dense_layer(onnx_folder):
    """All three are integers in the file, and nothing large is left in float32; a quarter of the size."""
    path = export("int8", onnx_folder)
    made = onnx.load(path)
    kinds = {one.name: (one.data_type, int(np.prod(one.dims))) for one in made.graph.initializer}
    large_floats = [n for n, (kind, size) in kinds.items() if kind == onnx.TensorProto.FLOAT and size > 800]

    assert {"table_quantized", "W_quantized", "R_quantized", "dense_quantized"} <= kinds.keys()
    assert large_floats == []
    assert {"DynamicQuantizeLSTM", "MatMulInteger"} <= {node.op_type for node in made.graph.node}
    assert path.stat().st_size < 0.26 * export("fp32", onnx_folder).stat().st_size


def test_the_same_weights_give_the_same_bytes(onnx_folder, tmp_path):
    """Whatever folder they are built in."""
    for variant in VARIANTS:
        assert export(variant, tmp_path).read_bytes() == export(variant, onnx_folder).read_bytes(), variant


def test_a_file_is_built_once(onnx_folder):
    """A second call finds it."""
    before = export("fp32", onnx_folder).stat().st_mtime_ns

    assert export("fp32", onnx_folder).stat().st_mtime_ns == before
