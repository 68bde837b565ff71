"""A final that ten million watch, with goals, a lost cluster of edges and a region that is cut off."""
