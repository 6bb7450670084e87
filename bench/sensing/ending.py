"""How a process that listens to its standard input is ended by the one that started it."""

import subprocess
from contextlib import suppress


def end(process: "subprocess.Popen[str] | subprocess.Popen[bytes]", within_s: float) -> None:
    """Closes its standard input, which it takes for its end; kills it where it has not ended `within_s` later."""
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(BrokenPipeError):  # it is dead already, which is what is wanted
        process.stdin.close()
    try:
        process.wait(within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()
