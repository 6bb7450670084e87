"""What engines need before a model runs: seeded weights, formats of their own, CUDA's word on its devices."""
