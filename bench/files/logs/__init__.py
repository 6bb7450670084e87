"""Request logs of others, read by DuckDB: rows are grouped inside it and never become Python's.

names → which column is what; found → which files; opened → one relation of them all; times → days in a time zone;
grouped → moments of lengths per group; daily → counts by day in YAML.
"""
