"""The version of the project: that of its package, of its API's description, and of `livecomments --version`."""

VERSION = "0.1.0"
