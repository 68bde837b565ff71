"""The report: the suite and the experiments in one measurement, which can be interrupted, and on one page."""
