"""Other tools' result files, one format a file, read into the values of `told`."""
