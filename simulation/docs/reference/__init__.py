"""The reference, made from the code itself: operations, events, policies, commands."""
