"""Which requests run together, told by a model that only counts."""

import asyncio

import pytest

pytest.importorskip(
    "onnxruntime", reason="onnxruntime is missing: pip install 'joulemark[intent]'", exc_type=ImportError
)
np = pytest.importorskip("numpy")

from workloads.intent.batching import Batcher  # noqa: E402 - after the skip


class UnforeseenError(Exception):
    """A failure of a kind that nobody foresaw."""


class Counting:
    """Answers each sentence with its first row, and keeps how many came together."""

    def __init__(self, broken=False):
        self.sizes, self.broken = [], broken

    def __call__(self, batch):
        self.sizes.append(len(batch))
        if self.broken:
            raise UnforeseenError("the model is broken")
        return np.array([[rows[0][0]] * 8 for rows in batch])


def ask_all(counting, count, most, wait_s):
    async def together():
        async with Batcher(counting, most, wait_s) as batcher:
            asked = (batcher.answer(((k,),)) for k in range(1, count + 1))
            return await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 30)

    return asyncio.run(together())


def test_every_request_gets_its_own_answer():
    """In whatever batch it ran."""
    assert [row[0] for row in ask_all(Counting(), 20, 8, 0.05)] == list(range(1, 21))


def test_a_batch_holds_no_more_than_asked():
    """Requests that wait together fill batches up to the limit."""
    counting = Counting()
    ask_all(counting, 20, 8, 0.2)

    assert sum(counting.sizes) == 20
    assert max(counting.sizes) == 8


def test_without_batching_every_request_is_a_run():
    """The reference that batching is compared with."""
    counting = Counting()
    ask_all(counting, 5, 1, 0.5)

    assert counting.sizes == [1] * 5


def test_a_broken_model_fails_the_requests_and_not_the_server():
    """Each waiting request gets the error, and later ones are still tried."""
    counting = Counting(broken=True)
    answers = ask_all(counting, 3, 1, 0.0)

    assert [str(one) for one in answers] == ["the model is broken"] * 3
    assert len(counting.sizes) == 3
