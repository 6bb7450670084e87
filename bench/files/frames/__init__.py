"""Sealed runs and what is learnt from them as tidy tables: the same columns for pandas, CSV and Parquet."""
