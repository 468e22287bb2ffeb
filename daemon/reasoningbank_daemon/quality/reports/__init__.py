"""Verdicts in the forms that people and programs read. Pure."""
