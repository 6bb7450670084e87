"""One way of running models a file, opened by `open_engine()`. Never: read a meter."""
