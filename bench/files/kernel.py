"""What a file of the kernel says, as /proc and /sys show it."""

from pathlib import Path


def text_of(path: Path) -> str:
    """The file's text without the space around it; "" where it can't be read: kernels show different files."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
