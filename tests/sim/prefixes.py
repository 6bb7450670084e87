"""A simulated prefix cache: the longest prefix, in tokens, that a prompt shares with what was computed before."""

from array import array
from collections import OrderedDict
from collections.abc import Sequence

_BYTES = array("i").itemsize


class PrefixCache:
    """The last `sequences` sequences, and their prefixes in whole blocks of `block_tokens`.

    llama-server matches token by token (a block of 1), vLLM by blocks of 16. The last token of a prompt is
    always computed, because its logits are needed: that is so in both.
    """

    def __init__(self, sequences: int = 16, block_tokens: int = 1) -> None:
        self.sequences, self.block_tokens = sequences, block_tokens
        self._kept: OrderedDict[bytes, None] = OrderedDict()

    def shared(self, token_ids: Sequence[int]) -> int:
        """How many tokens of this prompt need no computing."""
        asked = array("i", token_ids).tobytes()
        longest, of = 0, None
        for one in self._kept:
            length = _shared_bytes(asked, one)
            if length > longest:
                longest, of = length, one
        if of is not None:
            self._kept.move_to_end(of)
        tokens = min(longest // _BYTES, len(token_ids) - 1)
        return tokens - tokens % self.block_tokens

    def keep(self, token_ids: Sequence[int]) -> None:
        """These tokens have been computed."""
        key = array("i", token_ids).tobytes()
        for one in [one for one in self._kept if key.startswith(one)]:
            del self._kept[one]
        self._kept[key] = None
        while len(self._kept) > self.sequences:
            self._kept.popitem(last=False)

    def clear(self) -> None:
        """Nothing is kept any longer."""
        self._kept.clear()


def _shared_bytes(a: bytes, b: bytes) -> int:
    """The length of the shared prefix; one big number instead of a loop in Python."""
    length = min(len(a), len(b))
    differing = int.from_bytes(a[:length], "little") ^ int.from_bytes(b[:length], "little")
    return ((differing & -differing).bit_length() - 1) // 8 if differing else length
