"""Quantiles are numpy's, without numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasoningbank_daemon.learning.selection import quantile


@given(st.lists(st.floats(min_value=0, max_value=1e12), min_size=1), st.floats(min_value=0, max_value=1))
def test_quantile_is_that_of_numpy(values: list[float], share: float) -> None:
    ordered = sorted(values)

    assert quantile(ordered, share) == pytest.approx(float(np.quantile(ordered, share)), rel=1e-9, abs=1e-9)
