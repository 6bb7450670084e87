"""One sensor a file, found by `open_meters()`. Never: integrate, know an engine."""
