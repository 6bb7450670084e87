"""Other tools' files, one format a file: load generators' results (`told`), calculators' settings and counts."""
