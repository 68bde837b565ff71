"""The notebooks: how they are made of their sources and opened, and what they say, draw and simulate with."""
