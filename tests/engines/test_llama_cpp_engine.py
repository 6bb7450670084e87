"""llama.cpp in process: real GGUF files of a tiny model, its real quantiser, exact work, nothing reused."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from gguf_models import BLOCKS, HIDDEN, LAYERS, MATRICES, REAL, VOCABULARY, kind_of, of_precision, sha256
from tiny_models import MISTRAL, PHI, Case, loading, prompt

pytest.importorskip("llama_cpp", reason="llama-cpp-python is absent: pip install 'joulemark[llama_cpp]'")
pytest.importorskip("gguf", reason="gguf is absent: pip install 'joulemark[llama_cpp]'")

import llama_cpp
from test_engine_contract import (  # noqa: F401 (one contract for every engine; stamps are tested below)
    test_every_request_gets_exactly_the_work_it_asks_for,
    test_the_engine_says_that_it_can_run,
    test_times_are_in_order_and_a_batch_shares_them,
)

from bench.engines.llama_cpp import decoding, make, open_engine
from bench.errors import BadInput, CannotRun, UnknownName
from bench.files.tokens import open_tokenizer
from bench.nouns import Request, Session, Usage

pytestmark = [pytest.mark.models, pytest.mark.usefixtures("cache")]


@pytest.fixture(scope="module", params=["f16", "q4_k_m"])
def case(request: pytest.FixtureRequest) -> Case:
    load = loading(MISTRAL, precision=request.param)
    return Case(name=request.param, open_engine=open_engine, load=load, request=prompt)


@pytest.fixture(scope="module")
def session(case: Case) -> Iterator[Session]:
    with case.open_engine().load(case.load) as found:
        yield found


@pytest.fixture(scope="module")
def whole() -> Iterator[Session]:
    """In f32: sums in another order must not change which token is likeliest."""
    with open_engine().load(loading(MISTRAL, precision="f32")) as found:
        yield found


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many tokens each call of llama_decode was given."""
    seen: list[int] = []
    decode = llama_cpp.llama_decode

    def watched(context: object, batch: object) -> int:
        seen.append(batch.n_tokens)  # type: ignore[attr-defined]
        return int(decode(context, batch))

    monkeypatch.setattr(llama_cpp, "llama_decode", watched)
    return seen


def _texts(text: str) -> Request:
    return Request(id="t", text=text, asked=Usage(requests=1, output_tokens=3))


def test_the_record_says_what_was_loaded(session: Session, case: Case) -> None:
    """Synthetic weights, types of tensors, build, threads, hash: what a figure of a quantisation rests on."""
    session.stage([prompt(4, 0)])
    loaded = session.loaded
    kinds = dict(pair.split(":") for pair in str(loaded.facts["tensor_types"]).split())

    assert (loaded.engine, loaded.engine_version) == ("llama_cpp", open_engine().version())
    assert (loaded.device, loaded.precision, loaded.weights) == ("cpu", case.name, "synthetic")
    assert loaded.parameters == 2 * 512 * 64 + 2 * (2 * 64 * 64 + 2 * 64 * 32 + 3 * 64 * 128 + 2 * 64) + 64
    assert loaded.notes[0].startswith("synthetic weights")
    assert sum(map(int, kinds.values())) == 2 * 9 + 3
    assert (loaded.facts["weights_seed"], loaded.facts["imatrix"]) == (0, "absent")
    assert loaded.facts["file_sha256"] == sha256(make.synthetic_file(case.load))[:16]
    assert {"llama_cpp_version", "ggml_commit", "system_info", "dtype", "attention", "kv_cache"} <= set(
        loaded.facts
    )
    assert int(loaded.facts["threads"] or 0) >= 1


def test_a_file_whose_blocks_do_not_fit_says_so(session: Session, case: Case) -> None:
    """64 columns hold no block of 256: "q4_k_m" without a tensor of Q4_K is told."""
    told = [note for note in session.loaded.notes if "not all is q4_k_m" in note]

    assert bool(told) == (case.name == "q4_k_m")
    assert all("as Q5_0" in note and "% of the weights" in note for note in told)


@pytest.mark.parametrize("count", [1, 9])
def test_n_tokens_take_one_pass_over_the_prompt_and_n_less_one_of_a_token(
    whole: Session, calls: list[int], count: int
) -> None:
    """Nothing beside the asked work, and no pass after the last token."""
    whole.run(whole.stage([prompt(count, 0)]))

    assert calls == [11] + [1] * (count - 1)


def test_the_first_token_is_stamped_after_the_prompts_and_before_the_next_pass(
    whole: Session, calls: list[int]
) -> None:
    """By a clock that counts passes: prefill is one of them, decoding the four after it."""
    whole.stage([prompt(5, 0)])
    context = whole._context  # type: ignore[attr-defined]

    done = context.decode([prompt(5, 0).token_ids], [5], clock_ns=lambda: len(calls))

    assert (done.start_ns, done.first_ns, done.end_ns) == (0, 1, 5)


def test_nothing_of_a_request_before_is_reused(whole: Session, calls: list[int]) -> None:
    """The same prompt again, after a longer one: all of it is read again, and the cache holds nothing else."""
    staged = whole.stage([prompt(4, 0), prompt(30, 0, length=40), prompt(4, 0)])
    outcomes = [whole.run([one])[0] for one in staged]

    assert [n for n in calls if n > 1] == [11, 40, 11]
    assert [o.achieved.prompt_tokens for o in outcomes] == [11, 40, 11]
    assert whole._context.cached() == (11 + 4 - 1,)  # type: ignore[attr-defined]


def test_a_batch_gives_each_sequence_what_it_gets_alone(whole: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prompts and outputs of different length, in one call a pass; the short ones leave when they are done."""
    seen: list[tuple[tuple[int, ...], ...]] = []
    decode = decoding.Context.decode
    monkeypatch.setattr(decoding.Context, "decode", lambda *a: seen.append((out := decode(*a)).tokens) or out)
    staged = whole.stage([prompt(3, 0, length=5), prompt(12, 1, length=30), prompt(7, 2)])

    outcomes = whole.run(staged)
    for one in staged:
        whole.run([one])

    assert [o.achieved for o in outcomes] == [r.asked for r in staged]
    assert seen[0] == tuple(alone[0] for alone in seen[1:])


def test_a_batch_runs_side_by_side(whole: Session, calls: list[int]) -> None:
    """Three sequences: one call for all prompts, then one a token for those that still need some."""
    whole.run(whole.stage([prompt(1, 0), prompt(2, 1), prompt(4, 2)]))

    assert calls == [33, 2, 1, 1]


def test_a_prompt_longer_than_a_call_is_read_in_pieces(
    whole: Session, calls: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same tokens come out, whatever the pieces."""
    seen: list[tuple[tuple[int, ...], ...]] = []
    decode = decoding.Context.decode
    monkeypatch.setattr(decoding.Context, "decode", lambda *a: seen.append((out := decode(*a)).tokens) or out)
    staged = whole.stage([prompt(6, 0, length=40), prompt(6, 1, length=25)])
    whole.run(staged)
    monkeypatch.setattr(decoding, "_BATCH_TOKENS", 16)
    (outcome, _) = whole.run(staged)

    assert calls[6:11] == [16, 16, 16, 16, 1]
    assert seen[0] == seen[1]
    assert outcome.achieved.prompt_tokens == 40


@pytest.mark.parametrize("count", [1, 2, 9])
def test_a_model_that_wants_to_stop_does_not(whole: Session, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """End-of-text as the likeliest token at every step: the asked number is delivered all the same."""
    monkeypatch.setattr(llama_cpp, "llama_sampler_sample", lambda *_: 2)

    (outcome,) = whole.run(whole.stage([prompt(count, 0)]))

    assert outcome.achieved.output_tokens == count


def test_prompt_tokens_are_counted_in_the_librarys_cache(whole: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that loses a token is reported one short: achieved never echoes what was asked."""
    last = llama_cpp.llama_memory_seq_pos_max
    monkeypatch.setattr(llama_cpp, "llama_memory_seq_pos_max", lambda *a: last(*a) - 1)

    (outcome,) = whole.run(whole.stage([prompt(5, 0)]))

    assert outcome.achieved == Usage(requests=1, prompt_tokens=10, output_tokens=5)


def test_a_call_that_fails_is_an_error_and_no_outcome(whole: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """llama_decode's positive codes are warnings to others; here the work was not done."""
    monkeypatch.setattr(llama_cpp, "llama_decode", lambda *_: 1)

    with pytest.raises(CannotRun, match="llama_decode ended with 1 for 11 tokens"):
        whole.run(whole.stage([prompt(5, 0)]))


def test_the_context_is_as_large_as_the_work(whole: Session) -> None:
    """A cache for the model's whole context would be memory that the work does not use."""
    whole.run(whole.stage([prompt(20, 0), prompt(200, 1, length=30)]))
    large = (whole.loaded.facts["context_tokens"], whole.loaded.facts["sequences"])
    whole.stage([prompt(20, 0)])
    whole.run([prompt(20, 0)])

    assert large == (2 * 256, 2)
    assert (whole.loaded.facts["context_tokens"], whole.loaded.facts["sequences"]) == (256, 1)


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (replace(prompt(4, 0), token_ids=(600,), asked=Usage(prompt_tokens=1, output_tokens=4)), "0 to 511"),
        (replace(prompt(4, 0), token_ids=()), "tokens asked for"),
        (_texts("a text"), "carries no tokenizer"),
        (prompt(250, 0), "context of 261"),
        (replace(prompt(4, 0), asked=Usage(prompt_tokens=11)), "at least 1"),
        (replace(prompt(4, 0), asked=Usage(prompt_tokens=12, output_tokens=4)), "12 tokens asked for, 11 given"),
    ],
)
def test_a_request_that_cannot_be_done_exactly_is_refused_when_staged(
    whole: Session, request_: Request, says: str
) -> None:
    """Before any window opens, and in words."""
    with pytest.raises(BadInput, match=says):
        whole.stage([request_])


def test_the_tokenizer_in_the_file_is_the_real_one() -> None:
    """llama.cpp reads texts in three scripts into the very ids of Mistral's own tokenizer, BOS before them."""
    tokenizer, _ = open_tokenizer(REAL)
    texts = ("La réunion commence à neuf heures.", "Two  spaces, 42 and a 🦙!", "الاجتماع يبدأ في التاسعة")

    with open_engine().load(of_precision("q8_0")) as loaded:
        staged = loaded.stage([_texts(text) for text in texts])

    assert [r.token_ids for r in staged] == [(1, *tokenizer.encode(text)) for text in texts]


def test_a_file_of_the_users_own_runs_as_it_is(tmp_path: Path) -> None:
    """Pretrained: no word of synthetic weights; another model's, precision's or no file is refused."""
    path = tmp_path / "mine.gguf"
    path.write_bytes(make.make_file(of_precision("q8_0", seed=5)).read_bytes())
    spec = replace(of_precision("q8_0"), weights="pretrained", path=str(path))

    with open_engine().load(spec) as loaded:
        (outcome,) = loaded.run(loaded.stage([prompt(5, 0)]))
        notes, facts = loaded.loaded.notes, loaded.loaded.facts

    assert outcome.achieved == prompt(5, 0).asked
    assert not any("synthetic" in note for note in notes)
    assert facts["file_sha256"] == sha256(path)[:16]
    assert "weights_seed" not in facts
    for wrong, says in (
        (replace(spec, model=MISTRAL), r"llama.block_count 8 \(needed 2\)"),
        (replace(spec, precision="q4_k_m"), "holds q8_0, q4_k_m was asked for"),
        (replace(spec, path=None), "needs a GGUF file"),
        (replace(spec, path=str(tmp_path)), "needs a GGUF file"),
    ):
        with pytest.raises(BadInput, match=says), open_engine().load(wrong):
            pass


def test_the_text_of_a_labelled_answer_is_told_after_the_window(tmp_path: Path, monkeypatch) -> None:
    """By the file's own tokenizer, up to the first token that ends a generation; the work is the same."""
    path = tmp_path / "mine.gguf"
    path.write_bytes(make.make_file(of_precision("q8_0", seed=5)).read_bytes())
    spec = replace(of_precision("q8_0"), weights="pretrained", path=str(path))
    tokenizer, _ = open_tokenizer(REAL)
    asked = replace(prompt(8, 0), meant="anything")

    with open_engine().load(spec) as loaded:
        staged = loaded.stage([asked])
        loaded.run(staged)
        ids = list(loaded._answers._rows[0])  # type: ignore[attr-defined]
        (whole,) = loaded.told()  # type: ignore[attr-defined]
        loaded._api = _EndsAt(loaded._api, ids[3])  # type: ignore[attr-defined]
        (outcome,) = loaded.run(staged)
        (cut,) = loaded.told()  # type: ignore[attr-defined]
        loaded.run([prompt(3, 0)])
        nothing = loaded.told()  # type: ignore[attr-defined]

    first = ids.index(ids[3])
    assert (len(ids), whole.ended, cut.ended) == (8, False, True)
    # special ids have no text, of either side
    assert tokenizer.encode(whole.text.strip()) == [i for i in ids if i > 2] or "\ufffd" in whole.text
    assert whole.text.startswith(cut.text)
    assert (cut.text == "") == (first == 0)
    assert outcome.achieved == asked.asked
    assert nothing == [None]


class _EndsAt:
    """llama.cpp's functions, with an end of generation of the test's own."""

    def __init__(self, api: object, end: int) -> None:
        self._inner, self._end = api, end

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def llama_vocab_is_eog(self, _: object, token: int) -> bool:
        return token == self._end


def test_what_does_not_fit_is_refused_before_it_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a full disk nor a machine out of memory: the message says what is needed and what is free."""
    monkeypatch.setenv("JOULEMARK_CACHE", str(tmp_path / "cache"))
    huge = replace(of_precision("q4_k_m"), model=replace(REAL, parameters=10**14))

    with pytest.raises(CannotRun, match=r"needs .* GiB there, .* GiB are free.*JOULEMARK_CACHE"):
        open_engine().prepare(huge)
    monkeypatch.undo()
    monkeypatch.setattr("bench.engines.llama_cpp.library.free_bytes", lambda: 1 << 20)
    with pytest.raises(CannotRun, match=r"GiB"), open_engine().load(of_precision("f16")):
        pass

    assert not list((tmp_path / "cache").rglob("*.gguf"))


def test_a_precision_that_no_gguf_has_is_named() -> None:
    """bf16 and fp32 are words of other engines."""
    with pytest.raises(UnknownName, match="precision of llama_cpp 'fp32'"):
        open_engine().prepare(loading(MISTRAL, precision="fp32"))


def test_a_step_reads_all_but_the_embedding_that_is_looked_up() -> None:
    """In bytes as they lie in the file: the output matrix of the mix in Q6_K, the layers in theirs."""
    layers = Counter(
        {n: r * c // BLOCKS[k][0] * BLOCKS[k][1]
         for layer in range(LAYERS) for n, (r, c) in MATRICES.items()
         for k in [kind_of("q4_k_m", n, layer)] for n in [f"{layer}.{n}"]}
    )  # fmt: skip
    norms = (2 * LAYERS + 1) * HIDDEN * 4

    with open_engine().load(of_precision("q4_k_m")) as loaded:
        found = loaded.loaded.facts["weight_bytes_per_step"]

    assert found == layers.total() + norms + VOCABULARY * HIDDEN // 256 * 210


def test_a_board_that_the_build_cannot_use_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a machine with a GPU would get the CPU's figures, and nobody would wonder."""
    monkeypatch.setattr("bench.engines.llama_cpp._built_with_cuda", lambda: False)
    monkeypatch.setattr("bench.engines.llama_cpp._NVIDIA_DRIVER", tmp_path)
    found = open_engine().check()
    with open_engine().load(replace(loading(MISTRAL, precision="f16"), device="auto")) as loaded:
        notes = loaded.loaded.notes
    monkeypatch.setattr("bench.engines.llama_cpp._NVIDIA_DRIVER", tmp_path / "none")

    assert (found.status, "GGML_CUDA=on" in found.remedy) == ("degraded", True)
    assert any("it ran on the CPU" in note for note in notes)
    assert open_engine().check().status == "ok"


def test_cuda_is_refused_where_there_is_none() -> None:
    """Asked for by name, it never falls back."""
    if llama_cpp.llama_supports_gpu_offload():
        pytest.skip("this build has a device")
    with (
        pytest.raises(CannotRun, match="'cuda' was asked for"),
        open_engine().load(replace(loading(MISTRAL, precision="f16"), device="cuda")),
    ):
        pass


@pytest.mark.parametrize("precision", ["f32", "f16", "q8_0", "q4_k_m"])
def test_phi_runs_as_mistral_does(precision: str) -> None:
    """llama.cpp reads its joined matrices from our file, and does exactly the asked work."""
    partly = replace(PHI, config={**PHI.config, "partial_rotary_factor": 0.75, "tie_word_embeddings": True})
    with open_engine().load(loading(partly, precision=precision)) as opened:
        (found,) = opened.run(opened.stage([prompt(7, 0)]))

    assert found.achieved == found.requested
    assert opened.loaded.precision == precision
