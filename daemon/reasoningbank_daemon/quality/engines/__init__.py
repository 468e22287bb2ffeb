"""Engines: each finds issues in a text, by a well-kept library or our own rules."""
