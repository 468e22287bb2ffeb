"""The published weights of the sentence embedding, for tests that need them; skipped with the reason elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from reasoningbank_daemon.embedding.weights import WeightsError, find_weights


def published_weights() -> Path:
    """Return the folder of the installed weights, or skip the test that asked."""
    try:
        return find_weights("")
    except WeightsError as error:
        pytest.skip(f"{error} (install them: {error.next_step})")
