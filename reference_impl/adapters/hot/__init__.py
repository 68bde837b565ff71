"""A log whose newest comments are in Redis first, and in SQL soon after."""
