"""`python -m bench` and the `joulemark` command."""

import sys


def main() -> None:
    """Runs the command line: `estimate` by a reader of its own, for an estimate is shorter than typer's start."""
    from bench.cli.language import first_word

    line = sys.argv[1:]
    at = first_word(line)
    if line[at : at + 1] == ["estimate"] and not {"--help", "-h"} & set(line):
        from bench.cli.estimate_line import main as estimate

        sys.exit(estimate([*line[:at], *line[at + 1 :]]))
    from bench.cli.app import main as commands

    commands()


if __name__ == "__main__":
    main()
