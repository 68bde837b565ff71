"""The family `hot_partition`: one viral stream on a log of several partitions."""
