"""`python -m bench` and the `joulemark` command."""

from bench.cli.app import main

if __name__ == "__main__":
    main()
