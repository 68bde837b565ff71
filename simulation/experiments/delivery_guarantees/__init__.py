"""The family `delivery_guarantees`: at most once, at least once, and once, on networks that lose things."""
