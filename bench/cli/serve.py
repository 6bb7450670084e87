"""serve: estimates over HTTP."""

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.output import note
from bench.errors import CannotRun


def serve(
    host: Annotated[
        str, typer.Option(help="The address to listen on; this machine alone unless said.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port.")] = 8000,
    results: Annotated[list[Path] | None, typer.Option(help="A results folder of your own; repeatable.")] = None,
    cors: Annotated[list[str] | None, typer.Option(help="An origin whose pages may ask; repeatable.")] = None,
) -> None:
    """Serve estimates over HTTP: a page, JSON, OpenAPI, and the older calculator's route."""
    try:
        from bench.service.app import create_app
        from bench.service.serving import serve as serve_app
    except ImportError as error:
        raise CannotRun(
            f"serve: {error.name or error} is not installed; needed is the extra: pip install 'joulemark[serve]'"
        ) from error
    from bench.service.knowledge import read_knowledge

    app = create_app(read_knowledge(results or ()), origins=cors or ())
    note(f"joulemark: http://{host}:{port}/ (stop with Ctrl-C)")
    serve_app(app, host, port)
