"""The family `push_vs_pull`: what freshness costs when viewers are pushed to, and when they ask."""
