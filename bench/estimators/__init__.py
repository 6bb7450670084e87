"""Usage → Estimate, from values handed in. Not built yet."""
