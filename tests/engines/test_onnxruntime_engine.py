"""ONNX Runtime: one sentence is one request, exact lengths through genai, files that are what their name says."""

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import pytest
from tiny_models import MISTRAL, NLLB, loading, prompt

from bench.engines import transformers
from bench.engines.onnxruntime import open_engine
from bench.engines.onnxruntime.classification import padded
from bench.errors import BadInput, CannotRun
from bench.files.alongside import read_alongside
from bench.files.models import read_model
from bench.loading.converted import run_apart
from bench.nouns import LoadSpec, Request, Session, Usage

ABSENT = [n for n in ("onnx", "onnxruntime", "onnxruntime_genai") if importlib.util.find_spec(n) is None]
pytestmark = [
    pytest.mark.models,
    pytest.mark.skipif(bool(ABSENT), reason=f"absent: {ABSENT}: pip install 'joulemark[onnxruntime]'"),
]
INTENT = read_model("intent-lstm")
CLASSES = 3
SENTENCES = ("un train pour Lyon demain", "pizza", "où acheter un vélo d'occasion près d'ici")


def here(_: str, spec: LoadSpec, folder: Path, device: str) -> None:
    """Converts in this process: a process for each model would import torch again and again."""
    from bench.engines.onnxruntime.build import convert

    convert(spec, folder, device)


def graph(table: Any) -> Any:
    """Sentences' rows → the mean of their vectors → scores: what a classifier's file must take and give."""
    from onnx import TensorProto, helper, numpy_helper

    node = helper.make_node
    nodes = [
        node("Gather", ["table", "rows"], ["vectors"]),
        node("ReduceSum", ["vectors", "axes"], ["summed"], keepdims=0),
        node("Cast", ["lengths"], ["floats"], to=TensorProto.FLOAT),
        node("Unsqueeze", ["floats", "one"], ["column"]),
        node("Div", ["summed", "column"], ["means"]),
        node("MatMul", ["means", "dense"], ["logits"]),
        node("Softmax", ["logits"], ["scores"], axis=1),
    ]
    made = helper.make_graph(
        nodes,
        "tiny",
        [
            helper.make_tensor_value_info("rows", TensorProto.INT64, ["batch", "time", "pieces"]),
            helper.make_tensor_value_info("lengths", TensorProto.INT32, ["batch"]),
        ],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", CLASSES])],
        [
            numpy_helper.from_array(table, "table"),
            numpy_helper.from_array(numpy.eye(CLASSES, dtype=numpy.float32), "dense"),
            numpy_helper.from_array(numpy.array([1, 2], numpy.int64), "axes"),
            numpy_helper.from_array(numpy.array([1], numpy.int64), "one"),
        ],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    return model


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One cache for the file, so that each model is made once."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JOULEMARK_CACHE", str(folder))
        patch.setattr("bench.engines.onnxruntime.run_apart", here)
        yield folder


@pytest.fixture(scope="module")
def table() -> Any:
    drawn = numpy.random.default_rng(0).normal(size=(50_000, CLASSES)).astype(numpy.float32)
    drawn[0] = 0.0  # padding
    return drawn


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, table: Any) -> Path:
    import onnx

    path = tmp_path_factory.mktemp("onnx") / "tiny.onnx"
    onnx.save(graph(table), str(path))
    return path


def classifying(path: Path | None, precision: str = "fp32") -> LoadSpec:
    place = str(path) if path else None
    return LoadSpec(model=INTENT, precision=precision, weights="pretrained", path=place, device="cpu")


def sentence(text: str, index: int = 0) -> Request:
    return Request(id=f"s{index}", text=text, asked=Usage(requests=1))


@pytest.fixture(scope="module")
def classifier(file: Path, cache: Path) -> Iterator[Session]:
    with open_engine().load(classifying(file)) as session:
        yield session


@pytest.fixture(scope="module", params=["fp32", "int4"])
def generator(request: pytest.FixtureRequest, cache: Path) -> Iterator[Session]:
    with open_engine().load(loading(MISTRAL, precision=request.param)) as session:
        yield session


def _scores(session: Session, texts: tuple[str, ...]) -> Any:
    session.stage([sentence(text) for text in texts])
    return session._scores(*padded([session._rows[text] for text in texts]))  # type: ignore[attr-defined]


@pytest.mark.parametrize("batch", [1, 3])
def test_one_sentence_is_one_request(classifier: Session, batch: int) -> None:
    """Counted in the scores that came back, in the order of asking."""
    requests = [sentence(text, index) for index, text in enumerate(SENTENCES[:batch])]

    outcomes = classifier.run(classifier.stage(requests))

    assert [(o.request_id, o.achieved) for o in outcomes] == [(r.id, r.asked) for r in requests]
    assert outcomes[0].start_ns < outcomes[0].end_ns
    assert outcomes[0].first_output_ns is None


def test_a_sentence_that_got_no_scores_is_not_counted(classifier: Session) -> None:
    """A row too few, or one that is not a number, is work that was not done."""
    whole = classifier._scores  # type: ignore[attr-defined]

    def broken(*arguments: Any) -> Any:
        scores = whole(*arguments)[:2]
        scores[1] = numpy.nan
        return scores

    classifier._scores = broken  # type: ignore[attr-defined]
    requests = classifier.stage([sentence(text) for text in SENTENCES])
    outcomes = classifier.run(requests)
    classifier._scores = whole  # type: ignore[attr-defined]

    assert [o.achieved.requests for o in outcomes] == [1, 0, 0]


def test_padding_changes_no_score_and_scores_are_the_graphs_own(classifier: Session, table: Any) -> None:
    """Against numpy: the mean of the words' summed vectors, softmax."""
    together = _scores(classifier, SENTENCES)

    tokens = read_alongside("intent_lstm", "tokens")
    for text, found in zip(SENTENCES, together, strict=True):
        rows = tokens.word_rows(text)
        logits = sum(table[list(word)].sum(axis=0) for word in rows) / len(rows)
        expected = numpy.exp(logits) / numpy.exp(logits).sum()
        assert found == pytest.approx(expected, rel=1e-4)
        assert _scores(classifier, (text,))[0] == pytest.approx(found, rel=1e-5)


def test_the_record_says_how_it_runs(classifier: Session, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads sleep unless one asks otherwise; where each node runs; which file."""
    import hashlib

    import onnx

    facts = classifier.loaded.facts
    monkeypatch.setenv("JOULEMARK_ORT_SPINNING", "1")
    with open_engine().load(replace(classifying(file), threads=1)) as spinning:
        other = spinning.loaded.facts

    assert (facts["allow_spinning"], other["allow_spinning"], other["threads"]) == (False, True, 1)
    assert facts["execution_provider"] == "CPUExecutionProvider"
    assert facts["nodes"] == facts["nodes_on_cpu"] == 7
    saved = onnx.load(str(file)).SerializeToString()
    assert facts["onnx_sha256"] == hashlib.sha256(saved).hexdigest()
    assert classifier.loaded.weights == "pretrained"
    assert classifier.loaded.parameters == 50_000 * CLASSES + CLASSES**2 + 3  # the user's own, not the declared
    assert facts["zero_ratio"] == pytest.approx(9 / 150_009)  # the padding row, and an identity's zeros
    assert not any("synthetic" in note for note in classifier.loaded.notes)


def test_eight_bits_are_made_of_the_same_weights(file: Path, classifier: Session, table: Any) -> None:
    """A smaller file, nearly the same scores."""
    full = _scores(classifier, SENTENCES)
    with open_engine().load(classifying(file, "int8")) as session:
        quantised = _scores(session, SENTENCES)
        facts = session.loaded.facts

    assert facts["onnx_bytes"] < classifier.loaded.facts["onnx_bytes"] / 3
    assert "zero_ratio" not in facts  # no weight is left in fp32 to be counted
    assert not numpy.array_equal(full, quantised)
    assert numpy.abs(full - quantised).max() < 0.05  # one of 256 steps over a range of 9, eleven of them a mean


def test_a_file_of_narrow_weights_is_not_measured_under_a_wide_name(
    tmp_path: Path, table: Any, file: Path
) -> None:
    """It would be called fp32 and read a quarter; a variant is made of the included model only."""
    import onnx
    from onnxruntime.quantization import quantize_dynamic

    quantize_dynamic(str(file), str(tmp_path / "narrow.onnx"), op_types_to_quantize=["Gather"])
    other = graph(table)
    other.graph.input[0].name = "words"
    other.graph.node[0].input[1] = "words"
    onnx.save(other, str(tmp_path / "other.onnx"))

    for path, precision, says in (
        (tmp_path / "narrow.onnx", "fp32", "in 8 or 16 bits already"),
        (file, "pruned-50", "of the included model only"),
        (tmp_path / "other.onnx", "fp32", "takes .*words"),
        (tmp_path, "fp32", "expected one ONNX file, found 2"),
    ):
        with pytest.raises(BadInput, match=says), open_engine().load(classifying(path, precision)):
            pass


@pytest.mark.parametrize(
    ("request_", "says"),
    [(Request(id="a", token_ids=(1,)), "no sentence"), (sentence("?!…"), "holds no word")],
)
def test_what_is_no_sentence_is_refused_when_staged(classifier: Session, request_: Request, says: str) -> None:
    """Before any window opens."""
    with pytest.raises(BadInput, match=says):
        classifier.stage([request_])
    with pytest.raises(BadInput, match="was not staged"):
        classifier.run([sentence("never seen before")])


def test_a_pruned_model_says_how_much_of_it_is_zero() -> None:
    """At least its name: rows that training never touched go too."""
    with open_engine().load(classifying(None, "pruned-80")) as session:
        assert 0.8 <= float(str(session.loaded.facts["zero_ratio"])) < 1.0


@pytest.mark.parametrize("precision", ["fp32", "rows"])
def test_the_trained_model_travels_along(precision: str) -> None:
    """Its own weights, no download: the scores are those of its plain numpy form."""
    model = read_alongside("intent_lstm", "model")
    expected = model.probabilities(model.load(), SENTENCES)

    with open_engine().load(classifying(None, precision)) as session:
        found = _scores(session, SENTENCES)

    assert numpy.abs(found - expected).max() < 1e-4


def test_the_class_named_stands_beside_the_one_meant() -> None:
    """The highest score's, in the order of the model's outputs; without a label nothing is meant."""
    requests = [replace(sentence(SENTENCES[0]), meant="purchase"), sentence(SENTENCES[1], 1)]
    intents = sys.modules[str(read_alongside("intent_lstm", "tokens").__package__)].INTENTS

    with open_engine().load(classifying(None)) as session:
        outcomes = session.run(session.stage(requests))
        scores = _scores(session, SENTENCES[:2])

    assert [o.said for o in outcomes] == [intents[int(row.argmax())] for row in scores]
    assert [o.meant for o in outcomes] == ["purchase", None]


def test_scores_of_other_classes_name_none(classifier: Session) -> None:
    """A file of one's own with three outputs: which classes they are nobody knows; the work still counts."""
    [found] = classifier.run(classifier.stage([replace(sentence(SENTENCES[0]), meant="purchase")]))

    assert (found.said, found.meant, found.achieved.requests) == (None, None, 1)


@pytest.mark.parametrize("counts", [(1,), (7, 7), (33, 2, 9)])
def test_a_prompt_gets_exactly_the_asked_tokens(generator: Session, counts: tuple[int, ...]) -> None:
    """Whatever the batch and the precision: counted in what came back, the first one seen before the last."""
    requests = [prompt(count, index) for index, count in enumerate(counts)]

    outcomes = generator.run(generator.stage(requests))

    assert [o.achieved for o in outcomes] == [r.asked for r in requests]
    assert outcomes[0].start_ns < outcomes[0].first_output_ns <= outcomes[0].end_ns


def test_the_tokens_are_those_of_the_engine_transformers(generator: Session) -> None:
    """The same weights: in fp32 the same greedy tokens."""
    if generator.loaded.precision != "fp32":
        pytest.skip("4 bits are other weights")
    import torch

    with transformers.open_engine().load(loading(MISTRAL)) as full, torch.inference_mode():
        given = torch.tensor([prompt(8, 0).token_ids])
        expected = full._model.generate(given, max_new_tokens=8, min_new_tokens=8, do_sample=False)  # type: ignore[attr-defined]
    library = generator._library  # type: ignore[attr-defined]
    options = library.GeneratorParams(generator._model)  # type: ignore[attr-defined]
    options.set_search_options(max_length=19, min_length=19, do_sample=False)
    running = library.Generator(generator._model, options)  # type: ignore[attr-defined]
    running.append_tokens(numpy.array([prompt(8, 0).token_ids], numpy.int32))
    while not running.is_done():
        running.generate_next_token()

    assert [int(token) for token in running.get_sequence(0)] == expected[0].tolist()


def test_what_is_generated_is_counted_from_what_came_back(generator: Session) -> None:
    """A library that falls one token short is reported one short."""
    whole = generator._generate  # type: ignore[attr-defined]
    generator._generate = lambda *a: [n - 1 for n in whole(*a)]  # type: ignore[attr-defined]
    (outcome,) = generator.run(generator.stage([prompt(5, 0)]))
    generator._generate = whole  # type: ignore[attr-defined]

    assert outcome.achieved.output_tokens == 4


def test_a_step_reads_less_in_four_bits(generator: Session) -> None:
    """In fp32 what the engine 'transformers' reads; in 4 bits between an eighth and a quarter of it."""
    with transformers.open_engine().load(loading(MISTRAL)) as full:
        whole = full.loaded.facts["weight_bytes_per_step"]
    found = generator.loaded.facts["weight_bytes_per_step"]

    if generator.loaded.precision == "fp32":
        assert found == pytest.approx(whole, rel=0.01)
    else:
        assert whole / 8 < found < whole / 4
    assert generator.loaded.notes[0].startswith("synthetic weights")
    assert generator.loaded.facts["allow_spinning"] is False


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (replace(prompt(4, 0), token_ids=(600,), asked=Usage(output_tokens=4)), "0 to 511"),
        (prompt(250, 0), "context of 261"),
        (replace(prompt(4, 0), asked=Usage()), "at least 1"),
        (replace(prompt(4, 0), asked=Usage(prompt_tokens=12, output_tokens=4)), "12 tokens asked for, 11 given"),
    ],
)
def test_a_prompt_that_cannot_be_done_exactly_is_refused_when_staged(
    generator: Session, request_: Request, says: str
) -> None:
    """Before any window opens."""
    with pytest.raises(BadInput, match=says):
        generator.stage([request_])


def test_prompts_of_two_lengths_are_not_one_batch(generator: Session) -> None:
    """The library has no mask for padding: the shorter one would compute something else."""
    with pytest.raises(BadInput, match="prompts of"):
        generator.run(generator.stage([prompt(4, 0, length=5), prompt(4, 1, length=9)]))


def test_what_it_cannot_run_is_refused_in_words(file: Path) -> None:
    """A family, a type that a CPU lacks, a GPU that is not there."""
    engine = open_engine()
    for spec, kind, says in (
        (loading(NLLB), BadInput, "classifiers and language models"),
        (loading(MISTRAL, precision="bf16"), CannotRun, "computes in fp32, int8, int4 on a CPU"),
        (replace(loading(MISTRAL), weights="pretrained"), BadInput, "no published weights"),
        (replace(classifying(None), model=replace(INTENT, included=False)), BadInput, "no weights here"),
    ):
        with pytest.raises(kind, match=says), engine.load(spec):
            pass
    if "CUDAExecutionProvider" not in __import__("onnxruntime").get_available_providers():
        with (
            pytest.raises(CannotRun, match="'cuda' was asked for"),
            engine.load(replace(classifying(file), device="cuda")),
        ):
            pass


def test_a_file_is_made_by_a_process_of_its_own(file: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    """And once: a second load finds it."""
    monkeypatch.setattr("bench.engines.onnxruntime.run_apart", run_apart)
    engine, spec = open_engine(), replace(classifying(file), seed=0, model=replace(INTENT, name="apart"))
    engine.prepare(spec)
    (made,) = cache.glob("apart-*/model.onnx")
    before = made.stat().st_mtime_ns

    engine.prepare(spec)

    assert made.stat().st_mtime_ns == before
    assert not list(cache.glob(".*"))
