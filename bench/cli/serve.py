"""serve: estimates over HTTP."""

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.output import note
from bench.errors import CannotRun
from bench.phrases import Phrase


def serve(
    host: Annotated[
        str, typer.Option(help="The address to listen on; this machine alone unless said.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 for any that is free.")] = 8000,
    results: Annotated[list[Path] | None, typer.Option(help="A results folder of your own; repeatable.")] = None,
    cors: Annotated[list[str] | None, typer.Option(help="An origin whose pages may ask; repeatable.")] = None,
) -> None:
    """Serve estimates over HTTP: a page, JSON, OpenAPI, and the older calculator's route."""
    try:
        from bench.service import app, serving
    except ImportError as error:
        raise CannotRun(
            Phrase(
                "serve: {name} is not installed; needed is the extra: pip install 'joulemark[serve]'",
                name=str(error.name),
            )
        ) from error
    from bench.service.knowledge import read_knowledge

    made = app.create_app(read_knowledge(results or ()), origins=cors or ())
    where = serving.listening(host, port)
    at = f"[{host}]" if ":" in host else host
    note(Phrase("joulemark: http://{at}:{port}/ (Ctrl-C stops it)", at=at, port=str(where.getsockname()[1])))
    serving.serve(made, where)
