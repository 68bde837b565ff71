"""The family `consumer_groups`: a queue in partitions and the workers that share it, live and in the model."""
