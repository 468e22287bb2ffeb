"""Derived indexes: each can be thrown away and made again from the bank."""
