"""How a viewer is connected: one file per transport."""
