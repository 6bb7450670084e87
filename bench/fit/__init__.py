"""Runs → Coefficients. Never: look for files."""
