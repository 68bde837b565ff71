"""The family `backpressure`: viewers that do not keep up, authors that are too many."""
