"""`python -m bench` and the `joulemark` command."""

import sys


def main() -> None:
    """Runs the command line: `estimate` by a reader of its own, for an estimate is shorter than typer's start."""
    if sys.argv[1:2] == ["estimate"] and not {"--help", "-h"} & set(sys.argv):
        from bench.cli.estimate_line import main as estimate

        sys.exit(estimate(sys.argv[2:]))
    from bench.cli.app import main as commands

    commands()


if __name__ == "__main__":
    main()
