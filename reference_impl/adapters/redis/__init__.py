"""Redis: the broker, and how it is reached."""
