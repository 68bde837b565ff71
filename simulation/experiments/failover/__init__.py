"""The family `failover`: a part dies, live and in the model."""
