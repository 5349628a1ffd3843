"""Measures the constants that `bench.scaling` reckons with: `python -m bench.measure`."""
