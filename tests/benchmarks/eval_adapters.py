"""Put the daemon's own recall behind the interface of an outside retrieval scorer."""

from __future__ import annotations

import tempfile
from pathlib import Path

from reasoningbank_daemon.embedding.minilm import MINILM_STAMP, MiniLmEmbedder
from reasoningbank_daemon.embedding.weights import find_weights
from reasoningbank_daemon.index.analysis import count_terms
from reasoningbank_daemon.index.fusion import DEPTH, fuse
from reasoningbank_daemon.index.growing import GrowingIndex
from reasoningbank_daemon.index.lexical import Entry, LexicalIndex


class Retriever:
    """Answer ``search(query, k)`` with positions in ``texts``, best first: what is found with nothing optional."""

    def __init__(self, texts: list[str]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="rb-eval-")
        self._index = LexicalIndex(Path(self._folder.name) / "lexical")
        self._index.update(Entry(id=position, text=text) for position, text in enumerate(texts))
        self._index.commit(sequence=len(texts))

    def search(self, query: str, k: int) -> list[int]:
        """Return the best ``k`` positions."""
        return self.by_words(query)[:k]

    def by_words(self, query: str) -> list[int]:
        """Return as many positions as take part in a ranking."""
        return [hit.id for hit in self._index.search(count_terms(query), DEPTH)]


class RetrieverMiniLM(Retriever):
    """Answer with words and meaning, as the daemon does with ``reasoningbank embedder use minilm``."""

    def __init__(self, texts: list[str]) -> None:
        super().__init__(texts)
        self._embedder = MiniLmEmbedder(find_weights(""))
        self._vectors = GrowingIndex(MINILM_STAMP)
        if texts:
            self._vectors.add(range(len(texts)), self._embedder.embed(texts))

    def search(self, query: str, k: int) -> list[int]:
        """Return the best ``k`` positions."""
        near = self._vectors.search(self._embedder.embed((query,))[0], DEPTH)
        return fuse(self.by_words(query), [found.id for found in near])[:k]
