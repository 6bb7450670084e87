"""A folder of somebody's own files → how long they are: seconds of sound and video, characters and tokens.

Files are read on this machine and nothing of them is kept or sent: numbers alone come out.
"""

from bench.files.scan.found import Found, Scan, Unread
from bench.files.scan.scanning import scan

__all__ = ["Found", "Scan", "Unread", "scan"]
