"""The family `fan_out`: ways of bringing a comment to everybody."""
