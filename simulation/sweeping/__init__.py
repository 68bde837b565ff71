"""Sweeps: an experiment at many sizes, its replications in parallel, and the figures as they grow."""
