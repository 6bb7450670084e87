"""CTranslate2: the same weights as the full engines, exact lengths in 8 bits too, refusals that say what to do."""

import gc
import importlib.util
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_models import MISTRAL, NLLB, WHISPER, clip, loading, speech, translation

from bench.engines import transformers
from bench.engines.ctranslate2 import COMPUTE_TYPES, open_engine, said_of_processor
from bench.errors import BadInput, CannotRun
from bench.files.registry import load_engine
from bench.loading.converted import run_apart
from bench.nouns import LoadSpec, Request, Session, Usage
from bench.nouns.engines import PreparingEngine

ABSENT = [name for name in ("ctranslate2", "faster_whisper") if importlib.util.find_spec(name) is None]
needs_library = pytest.mark.skipif(bool(ABSENT), reason=f"absent: {ABSENT}: pip install 'joulemark[ctranslate2]'")
NARROW = replace(NLLB, config={**NLLB.config, "vocab_size": 4_000}, languages={})  # made in a second
STEP_SLACK = 300  # flags and scales of a few bytes that the library keeps among its weights


def here(_: str, spec: LoadSpec, folder: Path, quantization: str) -> None:
    """Converts in this process: a process for each model would import torch again and again."""
    from bench.engines.ctranslate2.build import convert

    convert(spec, folder, quantization)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One cache for the file, so that each model is converted once."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JOULEMARK_CACHE", str(folder))
        patch.setattr("bench.engines.ctranslate2.run_apart", here)
        yield folder


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    folder = tmp_path_factory.mktemp("clips")
    return {s: clip(folder / f"{s}.wav", float(s)) for s in (5, 31)}


@pytest.fixture(scope="module", params=["fp32", "int8"])
def translator(request: pytest.FixtureRequest, cache: Path) -> Iterator[Session]:
    with open_engine().load(loading(NLLB, precision=request.param)) as session:
        yield session


@pytest.fixture(scope="module")
def hearer(cache: Path) -> Iterator[Session]:
    with open_engine().load(loading(WHISPER, precision="int8")) as session:
        yield session


@needs_library
@pytest.mark.models
@pytest.mark.parametrize("counts", [(1,), (7, 7), (33, 2, 9)])
def test_a_translation_has_exactly_the_asked_tokens(translator: Session, counts: tuple[int, ...]) -> None:
    """Whatever the batch and the precision: counted in what came back, stamped when the first token was there."""
    requests = [translation(count, index) for index, count in enumerate(counts)]

    outcomes = translator.run(translator.stage(requests))

    assert [o.achieved for o in outcomes] == [r.asked for r in requests]
    assert len({(o.batch_id, o.start_ns, o.end_ns) for o in outcomes}) == 1
    assert outcomes[0].start_ns < outcomes[0].first_output_ns <= outcomes[0].end_ns


@needs_library
@pytest.mark.models
def test_what_is_reported_is_counted_from_what_came_back(translator: Session) -> None:
    """A library that falls one token short is reported one short."""
    whole = translator._translated  # type: ignore[attr-defined]

    def short(*arguments: object) -> object:
        results = whole(*arguments)
        return [type("R", (), {"hypotheses": [r.hypotheses[0][:-1]]}) for r in results]

    translator._translated = short  # type: ignore[attr-defined]
    (outcome,) = translator.run(translator.stage([translation(5, 0)]))
    translator._translated = whole  # type: ignore[attr-defined]

    assert outcome.achieved.target_tokens == 4


@needs_library
@pytest.mark.models
def test_a_translation_begins_with_its_language_and_batches_may_mix_them(translator: Session) -> None:
    """The language's token is the first of the N, as in the engine 'transformers'."""
    seen = []
    whole = translator._translated  # type: ignore[attr-defined]
    translator._translated = lambda *a: seen.append(out := whole(*a)) or out  # type: ignore[attr-defined]
    requests = [translation(3, 0), replace(translation(3, 1), target_language="ar")]
    translator.run(translator.stage(requests))
    translator._translated = whole  # type: ignore[attr-defined]

    assert [result.hypotheses[0][0] for result in seen[0]] == ["eng_Latn", "arb_Arab"]
    assert {len(result.hypotheses[0]) for result in seen[0]} == {3}


class _Words:
    """A tokenizer of the test's own: a token's id is its place, its text its name; the language is special."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def convert_tokens_to_ids(self, tokens: list[str]) -> list[int]:
        self.names += tokens
        return list(range(len(self.names) - len(tokens), len(self.names)))

    def decode(self, ids: list[int], *, skip_special_tokens: bool) -> str:
        assert skip_special_tokens
        return " ".join(self.names[i] for i in ids if not self.names[i].endswith("_Latn"))


@needs_library
@pytest.mark.models
def test_a_labelled_translation_goes_on_past_its_end_and_is_cut_there(
    translator: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another token is declared the end, and that one is held back; what stands before the real one is told."""
    from bench.loading.answers import Answers

    asked = replace(translation(9, 0), meant="anything")
    monkeypatch.setattr(translator, "_answers", Answers("pretrained"))
    monkeypatch.setattr(translator, "_tokenizer", _Words())
    staged = translator.stage([asked])

    translator.run(staged)
    (whole,) = translator.told()  # type: ignore[attr-defined]
    words = whole.text.split()
    monkeypatch.setattr("bench.engines.ctranslate2.translation._END", words[3])
    (outcome,) = translator.run(staged)
    (cut,) = translator.told()  # type: ignore[attr-defined]
    monkeypatch.setattr("bench.engines.ctranslate2.translation._NO_END", words[0])
    translator.run(staged)
    (other,) = translator.told()  # type: ignore[attr-defined]
    translator.run([replace(asked, meant=None)])

    assert (len(words), whole.ended) == (8, False)  # nine, the language's among them
    assert cut.text.split() == words[: words.index(words[3])]
    assert cut.ended
    assert outcome.achieved == asked.asked
    assert words[0] not in other.text.split()
    assert translator.told() == [None]  # type: ignore[attr-defined]


@needs_library
@pytest.mark.models
def test_a_labelled_transcript_is_heard_once_more_after_the_windows(
    hearer: Session, clips: dict[int, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once for each request, however often it was measured, without the end held back; the record says so."""
    from bench.loading.answers import Answers

    asked = replace(speech((clips[31],), 31.0, 2, 12), meant="anything")
    monkeypatch.setattr(hearer, "_answers", Answers("pretrained"))
    options: list[dict[str, object]] = []

    class Model:
        def generate(self, features: object, prompts: list[list[int]], **more: object) -> list[object]:
            options.append(more)
            words = ["Ġbon", "jour", "<|endoftext|>"] if "suppress_tokens" not in more else ["x"] * 6
            kind = type("R", (), {"sequences": [words], "sequences_ids": [[1] * len(words)]})
            return [kind for _ in prompts]

    (staged,) = hearer.stage([asked])
    monkeypatch.setattr(hearer, "_model", Model())
    (first,), (again,) = hearer.run([staged]), hearer.run([staged])
    one, two = hearer.told()  # type: ignore[attr-defined]
    hearer.run([replace(staged, meant=None)])

    assert first.achieved == again.achieved == asked.asked
    assert one == two
    assert (one.text, one.ended) == ("bonjour bonjour", True)
    assert [("suppress_tokens" in one) for one in options[:6]] == [True] * 4 + [False] * 2
    assert hearer.told() == [None]  # type: ignore[attr-defined]
    assert any("one more pass" in note for note in hearer.loaded.notes)


@needs_library
@pytest.mark.models
def test_the_library_hears_by_default_what_it_is_asked(
    hearer: Session, clips: dict[int, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real library, with seeded weights: at most the asked tokens; ended where there were fewer."""
    from bench.loading.answers import Answers

    asked = replace(speech((clips[5],), 5.0, 1, 7), meant="anything")
    monkeypatch.setattr(hearer, "_answers", Answers("pretrained"))
    hearer.run(hearer.stage([asked]))
    (told,) = hearer.told()  # type: ignore[attr-defined]

    assert told is not None
    assert told.ended is False  # random weights do not end in seven tokens


def test_tokens_that_spell_bytes_become_text() -> None:
    """A space leads a word, two bytes make an é, special tokens have no text."""
    from bench.engines.ctranslate2.speech import text_of

    assert text_of(["<|startoftranscript|>", "ĠBon", "jour", "Ġl", "'", "Ã©", "t", "Ã©", "<|endoftext|>"]) == (
        " Bonjour l'été"
    )


@needs_library
@pytest.mark.models
def test_the_weights_are_those_of_the_engine_transformers(translator: Session) -> None:
    """The same log-probabilities of the same tokens: exactly in fp32, to a thousandth in 8 bits."""
    import torch

    source, target = list(range(20, 29)), [256_047, 1234]
    with transformers.open_engine().load(loading(NLLB)) as full:
        given = torch.tensor([[2, *target]])
        logits = full._model(torch.tensor([source]), decoder_input_ids=given).logits  # type: ignore[attr-defined]
        expected = [float(torch.log_softmax(logits, -1)[0, i, t]) for i, t in enumerate([*target, 2])]
    names = translator._names  # type: ignore[attr-defined]
    scored = translator._model.score_batch(  # type: ignore[attr-defined]
        [[names[i] for i in source]], [[names[i] for i in target]]
    )[0]

    rel = 1e-5 if translator.loaded.precision == "fp32" else 1e-3
    assert list(scored.log_probs) == pytest.approx(expected, rel=rel)
    assert len(set(expected)) == 3


@needs_library
@pytest.mark.models
def test_a_step_reads_what_the_full_engine_reads_or_a_quarter_of_it(translator: Session) -> None:
    """Bytes by the library's own types, its scales among them; they feed the check against the memory's speed."""
    with transformers.open_engine().load(loading(NLLB)) as full:
        whole = full.loaded.facts["weight_bytes_per_step"]

    found = translator.loaded.facts["weight_bytes_per_step"]
    if translator.loaded.precision == "fp32":
        assert whole <= found <= whole + STEP_SLACK
    else:
        assert whole / 4 < found < whole / 2


@needs_library
@pytest.mark.models
@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 33, 224])
def test_an_audio_window_has_exactly_the_asked_tokens(hearer: Session, clips: dict[int, Path], count: int) -> None:
    """CTranslate2 halves the limit that it is given and takes the prompt off: the counts tell whether it fits."""
    (outcome,) = hearer.run(hearer.stage([speech((clips[5],), 5.0, 1, count)]))

    assert outcome.achieved == Usage(requests=1, audio_s=5.0, audio_windows=1, output_tokens=count)
    assert outcome.first_output_ns is None


@needs_library
@pytest.mark.models
def test_windows_of_several_requests_run_together(hearer: Session, clips: dict[int, Path]) -> None:
    """31 s are two windows; tokens are the total, and each request gets its own."""
    requests = [speech((clips[31],), 31.0, 2, 9, 0), speech((clips[5],), 5.0, 1, 5, 1)]

    outcomes = hearer.run(hearer.stage(requests))

    assert [(o.achieved.audio_windows, o.achieved.output_tokens) for o in outcomes] == [(2, 9), (1, 5)]


@needs_library
@pytest.mark.models
def test_whispers_prompt_is_the_tokenizers_own(hearer: Session) -> None:
    """Start, language, transcribe, no timestamps: by the ids of openai-whisper."""
    import whisper

    for language in ("en", "fr", "es", "ar", "de", "su"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # whisper leaves the file to the garbage collector
            known = whisper.tokenizer.get_tokenizer(True, num_languages=99, language=language, task="transcribe")
            gc.collect()
        assert hearer._prompt(language) == list(known.sot_sequence_including_notimestamps)  # type: ignore[attr-defined]


@needs_library
@pytest.mark.models
def test_whispers_encoder_sees_what_openai_whispers_sees(clips: dict[int, Path]) -> None:
    """The same weights under other names, and the same spectrogram: the encoders agree to a thousandth."""
    import numpy
    import torch

    with load_engine("whisper").load(loading(WHISPER)) as full:
        request = full.stage([speech((clips[5],), 5.0, 1, 4)])[0]
        mel = full._mel(full._clips.pieces(0, request)[0])  # type: ignore[attr-defined]
        with torch.inference_mode():
            expected = full._model.encoder(mel[None])[0].numpy()  # type: ignore[attr-defined]
    with open_engine().load(loading(WHISPER)) as session:
        session.stage([request])
        samples = session._clips.pieces(0, request)[0].samples  # type: ignore[attr-defined]
        own = session._library.StorageView.from_array(session._spectrogram(samples)[None])  # type: ignore[attr-defined]
        found = numpy.array(session._model.encode(own, to_cpu=True))[0]  # type: ignore[attr-defined]

    assert found.shape == expected.shape
    assert float(numpy.abs(found - expected).max()) < 1e-3 * float(numpy.abs(expected).max())


@needs_library
@pytest.mark.models
def test_the_record_says_what_was_loaded_and_who_multiplies(translator: Session) -> None:
    """Type, threads, and that the weights are synthetic."""
    loaded = translator.loaded

    assert loaded.engine_version == open_engine().version() != ""
    assert loaded.facts["compute_type"] == COMPUTE_TYPES[loaded.precision]
    assert {"weights_seed", "threads", "inter_threads", "beam_size"} <= set(loaded.facts)
    assert loaded.notes[0].startswith("synthetic weights")
    assert loaded.device == "cpu"


@needs_library
@pytest.mark.models
def test_a_model_is_converted_once_and_another_seed_is_another_model(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a process of its own. The second load finds what the first one left; nothing half-made stays."""
    monkeypatch.setattr("bench.engines.ctranslate2.run_apart", run_apart)
    engine = open_engine()
    assert isinstance(engine, PreparingEngine)
    engine.prepare(loading(NARROW))
    made = {path: path.stat().st_mtime_ns for path in cache.glob("*/model.bin")}

    engine.prepare(loading(NARROW))
    again = {path: path.stat().st_mtime_ns for path in cache.glob("*/model.bin")}

    assert again == made
    assert engine._folder(loading(NARROW)) != engine._folder(loading(NARROW, seed=1))
    assert not list(cache.glob(".*"))


@needs_library
@pytest.mark.models
def test_what_it_cannot_run_is_refused_in_words() -> None:
    """A family, a precision, a type that this processor lacks, a model that does not fit."""
    engine = open_engine()
    for spec, kind, says in (
        (loading(MISTRAL), BadInput, "translation and speech"),
        (loading(NARROW, precision="int4"), BadInput, "found precision 'int4'"),
        (loading(replace(NARROW, parameters=10**13)), CannotRun, r"needs .* GiB .* GiB are free"),
        (loading(NARROW, precision="int8_fp16"), CannotRun, r"computes in fp32, .*int8 on CPU"),
        (replace(loading(NARROW), weights="pretrained"), BadInput, "no published weights"),
    ):
        with pytest.raises(kind, match=says), engine.load(spec):
            pass


@needs_library
@pytest.mark.models
@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (replace(translation(4, 0), token_ids=(256_300,), asked=Usage(target_tokens=4)), "from 0 to 256205"),
        (replace(translation(4, 0), token_ids=(), text="a text", asked=Usage(target_tokens=4)), "no tokenizer"),
        (translation(300, 0), "context of 300"),
        (replace(translation(4, 0), asked=Usage(source_tokens=8, target_tokens=4)), "8 tokens asked for, 9 given"),
        (replace(translation(4, 0), asked=Usage()), "at least 1"),
        (replace(translation(4, 0), target_language="xx"), "'xx' is not declared"),
    ],
)
def test_a_request_that_cannot_be_done_exactly_is_refused_when_staged(
    translator: Session, request_: Request, says: str
) -> None:
    """Before any window opens."""
    with pytest.raises(BadInput, match=says):
        translator.stage([request_])


def test_what_the_library_says_of_the_processor_becomes_facts() -> None:
    """Its log of 4.8.5; what it does not say is absent."""
    text = "[info]  - Selected ISA: AVX2\n[info]  - SGEMM backend: DNNL (packed: false)\n"
    text += "[info]  - GEMM_S8 backend: DNNL (packed: false, u8s8 preferred: true)\n"

    facts = said_of_processor(text)

    assert facts == {"cpu_isa": "AVX2", "cpu_gemm_fp32": "DNNL", "cpu_gemm_int8": "DNNL"}
    assert said_of_processor("") == {}
