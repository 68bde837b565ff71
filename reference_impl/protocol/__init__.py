"""The wire, pure: events, SSE text, cursors, text rules and problem details. Standard library only."""
