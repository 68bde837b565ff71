"""Real processes under real faults, and what their viewers see of it."""
