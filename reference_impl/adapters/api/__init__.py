"""The API of `serve`, as an edge asks it."""
