"""What a simulated server's joules are in the terms of the convention."""

from collections.abc import Mapping

from sim.scheduler import Physics


def truth(of: Physics, *, shared_steps: bool) -> Mapping[str, float]:
    """The terms (J, idle in W). Without shared steps each token of one user is a step of its own.

    The first token of a request comes of its prompt's pass: `output_token` multiplies it too, so that the
    request's own term gives it back.
    """
    step_j, sequence_j = of.decode_step_s * of.decode_w, of.decode_sequence_s * of.decode_w
    token_j = sequence_j if shared_steps else step_j + sequence_j
    known = {
        "idle_resident": of.idle_w,
        "prompt_token": of.prefill_token_s * of.prefill_w,
        "output_token": token_j,
        "context_token": of.decode_context_token_s * of.decode_w,
        "request": of.request_s * of.prefill_w - token_j,
    }
    return {**known, "decode_step": step_j} if shared_steps else known
