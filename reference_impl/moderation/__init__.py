"""Whether a comment may be shown: layers that judge it one after the other."""
