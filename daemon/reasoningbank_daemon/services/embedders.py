"""Which embedder a configuration asks for; to add one, name it in `config.EmbedderName` and open it here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from reasoningbank_daemon.config import EmbedderName, RecallSection
from reasoningbank_daemon.embedding.base import Embedder
from reasoningbank_daemon.embedding.minilm import MINILM_STAMP, MiniLmEmbedder
from reasoningbank_daemon.embedding.weights import find_weights
from reasoningbank_schema.vectors import Stamp


@dataclass(frozen=True, kw_only=True)
class EmbedderChoice:
    """Name an embedder and how to open it, which may take a second and raise `WeightsError`.

    Two choices are the same when they have the same name and weights.
    """

    name: str
    stamp: Stamp
    open: Callable[[], Embedder] = field(compare=False)
    weights: str = ""


def chosen_embedder(recall: RecallSection) -> EmbedderChoice | None:
    """Return what is configured; None: words alone."""
    match recall.embedder:
        case EmbedderName.LEXICAL:
            return None
        case EmbedderName.MINILM:
            folder = recall.weights
            return EmbedderChoice(
                name=recall.embedder.value,
                stamp=MINILM_STAMP,
                weights=folder,
                open=lambda: MiniLmEmbedder(find_weights(folder)),
            )
