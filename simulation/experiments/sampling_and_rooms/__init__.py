"""What a sample, priority and rooms make of a crowded stream: bytes, chances, fairness, and what moderators see."""
