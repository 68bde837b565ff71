"""The figures of the pages: a module each, called like its page, whose `figures()` gives every number by name."""
