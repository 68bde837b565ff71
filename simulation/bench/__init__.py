"""Benchmarks of the real server, each a command; their raw results are kept in `results/`."""
