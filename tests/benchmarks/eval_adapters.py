"""Put the daemon's own lexical index behind the interface of an outside retrieval scorer."""

from __future__ import annotations

import tempfile
from pathlib import Path

from reasoningbank_daemon.index.lexical import Entry, LexicalIndex


class Retriever:
    """Answer ``search(query, k)`` with positions in ``texts``, best first."""

    def __init__(self, texts: list[str]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="rb-eval-")
        self._index = LexicalIndex(Path(self._folder.name) / "lexical")
        self._index.update(Entry(id=position, text=text) for position, text in enumerate(texts))
        self._index.commit(sequence=len(texts))

    def search(self, query: str, k: int) -> list[int]:
        """Return the best ``k`` positions."""
        return [hit.id for hit in self._index.search(query, k)]
