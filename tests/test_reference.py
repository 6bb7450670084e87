"""Docs that can go stale are generated, and this fails when they are."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_the_reference_is_what_the_commands_say():
    """Help texts, terms, models and suites in docs/reference.md are those of the code."""
    done = subprocess.run(
        [sys.executable, "scripts/make_reference.py", "--check"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_heavy_is_imported_for_help_or_estimators():
    """`joulemark --help` and `import bench.estimators` load no torch, pandas, scipy or numpy."""
    code = (
        "import sys, bench.estimators, bench.carbon, bench.cli.app\n"
        "heavy = {'torch', 'pandas', 'scipy', 'numpy', 'transformers', 'rich'} & set(sys.modules)\n"
        "sys.exit(' '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
