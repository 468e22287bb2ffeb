"""One edit as it comes in, and its texts as the engines get them."""

from __future__ import annotations

import hashlib
import re

import msgspec

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """One file before and after an edit.

    `language` is the caller's word for it ("python", "tsx", …); None means that the path decides. `before` is
    None for a new file. Texts may hold lone surrogates: that is how bytes that are not UTF-8 arrive when a
    file is read with `errors="surrogateescape"`.
    """

    path: str
    after: str
    before: str | None = None
    language: str | None = None


def content_sha256(text: str) -> str:
    """Return the hex digest of the bytes that `text` stands for on disk."""
    try:
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
    except UnicodeEncodeError:  # a surrogate that no byte maps to, as JSON's \ud800 gives
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def readable_text(text: str) -> str:
    r"""Return `text` as engines can take it: no byte order mark, `\n` at line ends, no lone surrogates.

    Lines keep their numbers, so that what an engine says of a line holds for the file. Line ends are made
    alike because a change of line ends alone would make every line of the file a new one.
    """
    text = text.removeprefix("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return without_lone_surrogates(text)


def without_lone_surrogates(text: str) -> str:
    """Return a text that can be encoded: a replacement character stands for each lone surrogate."""
    return text if text.isascii() else _LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
