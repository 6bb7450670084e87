"""Other tools' files, one format a file: results of load generators (`told`), settings and counts of calculators."""
