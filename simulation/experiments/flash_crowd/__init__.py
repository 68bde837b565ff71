"""The family `flash_crowd`: a hundred times the viewers meet edges that are there, edges that start, or neither."""
