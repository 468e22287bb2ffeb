"""The embedders that can be chosen: what each is, what it needs, how it is opened.

To add one, name it in `config.EmbedderName` and describe it in `embedder_kind`; nothing else asks which one it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from reasoningbank_daemon.config import EmbedderName, RecallSection
from reasoningbank_daemon.embedding.base import Embedder
from reasoningbank_daemon.embedding.minilm import MINILM_STAMP, MiniLmEmbedder
from reasoningbank_daemon.embedding.weights import check_weights, find_weights
from reasoningbank_schema.vectors import Stamp


@dataclass(frozen=True, kw_only=True)
class EmbedderKind:
    """Describe an embedder that ranks beside the words.

    ``check`` and ``open`` get ``recall.weights`` (a folder; "" means the installed package) and raise `WeightsError`
    when it can't be used; ``check`` returns what it found to be right, as a sentence of ``doctor``. An embedder that
    has no weights says so with ``takes_weights`` and ignores the folder.
    """

    meaning: str
    stamp: Stamp
    takes_weights: bool
    check: Callable[[str], str]
    open: Callable[[str], Embedder]


@dataclass(frozen=True, kw_only=True)
class EmbedderChoice:
    """Name an embedder and how to open it, which may take a second and raise `WeightsError`.

    Two choices are the same when they have the same name and weights.
    """

    name: str
    stamp: Stamp
    open: Callable[[], Embedder] = field(compare=False)
    weights: str = ""


def embedder_kind(name: EmbedderName) -> EmbedderKind | None:
    """Return the embedder of a name; None for ``lexical``: words alone."""
    match name:
        case EmbedderName.LEXICAL:
            return None
        case EmbedderName.MINILM:
            return _MINILM


def chosen_embedder(recall: RecallSection) -> EmbedderChoice | None:
    """Return what is configured; None: words alone."""
    kind = embedder_kind(recall.embedder)
    if kind is None:
        return None
    folder = recall.weights if kind.takes_weights else ""
    return EmbedderChoice(
        name=recall.embedder.value,
        stamp=kind.stamp,
        weights=folder,
        open=lambda: kind.open(folder),
    )


def _check_minilm(folder: str) -> str:
    found = find_weights(folder)
    check_weights(found)
    return f"the weights in {found} are the published ones"


_MINILM = EmbedderKind(
    meaning="by words and by meaning: all-MiniLM-L6-v2, 384 dimensions, 30 MB of memory",
    stamp=MINILM_STAMP,
    takes_weights=True,
    check=_check_minilm,
    open=lambda folder: MiniLmEmbedder(find_weights(folder)),
)
