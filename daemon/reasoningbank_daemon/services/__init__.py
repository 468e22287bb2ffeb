"""What handlers and jobs share: the open bank, its indexes, the reviewer, settings, time."""
