"""What it costs to wait for a scorer before a comment is shown, and what it costs not to."""
