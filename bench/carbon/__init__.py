"""Joules → grams: grids, PUE, embodied. Not built yet."""
