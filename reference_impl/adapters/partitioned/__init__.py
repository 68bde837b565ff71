"""The log and all that goes with it over several databases: each is one partition, written by itself."""
