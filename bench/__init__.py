"""Joulemark measures the energy of AI inference: raw readings in, coefficients with intervals out."""

__version__ = "0.1.0"
