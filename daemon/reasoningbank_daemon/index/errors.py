"""What goes wrong with an index: on disk, or in what it is given."""

from __future__ import annotations


class IndexUnusableError(Exception):
    """What is on disk can't be used; the message says why. The caller makes the index again."""


class IndexFolderError(Exception):
    """No index can be made in its folder; the message names the folder, says why, and what to do."""


class VectorError(ValueError):
    """A vector can't be indexed or searched for; the message names the first bad one and what is wrong."""
