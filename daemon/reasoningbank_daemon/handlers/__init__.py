"""What the daemon answers, one module per family of requests; `adviser` says which one serves an event."""
