"""Engines behind the ports, one file each."""
