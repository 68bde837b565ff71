"""Who asks, and what the token lets him do."""
