"""What a session answered to labelled requests → the outcomes that are sealed, with what was meant beside it."""

from collections.abc import Sequence
from dataclasses import replace

from bench.nouns import MOST_CHARACTERS, Outcome, Request, Session, Telling


def forget_answers(session: Session) -> None:
    """Lets go of what was answered in the warm-up, of which no outcome is kept."""
    if isinstance(session, Telling):
        session.forget()


def with_answers(
    outcomes: Sequence[Outcome], session: Session, requests: Sequence[Request]
) -> tuple[Outcome, ...]:
    """The same outcomes; those of labelled requests that succeeded hold their answer, MOST_CHARACTERS at most.

    Called once, when the rest after the last window is over: an engine makes text of its tokens here, and no
    window may hold that, nor be widened to it. Synthetic weights say nothing that could be right or wrong, so
    nothing of it is kept.
    """
    found = list(outcomes)
    if isinstance(session, Telling):
        found = [
            replace(one, said=told.text, ended=told.ended) if told else one
            for one, told in zip(outcomes, session.told(), strict=True)
        ]
    if session.loaded.weights == "synthetic":
        return tuple(
            replace(one, said=None, meant=None, ended=None) if one.said is not None else one for one in found
        )
    labelled = {request.id: request for request in requests if request.meant is not None}
    return tuple(_with_meant(one, labelled.get(one.request_id)) if one.said is not None else one for one in found)


def _with_meant(one: Outcome, request: Request | None) -> Outcome:
    if request is None or one.error or one.said is None:
        return replace(one, said=None, meant=None, ended=None)
    return replace(one, said=one.said[:MOST_CHARACTERS], meant=request.meant, language=language_of(request))


def language_of(request: Request) -> str | None:
    """What an answer is in: "fr"; of a translation both languages, "fr-en"; None: not declared, or a class."""
    if request.target_language is not None:
        return f"{request.source_language}-{request.target_language}"
    return request.source_language
