"""The experiments: each is a scenario family with one question, asked of the real server and of the model."""
