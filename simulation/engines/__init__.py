"""Two engines behind one function: a scenario goes in, a `RunResult` comes out."""
