"""How much of a question can be read in the time there is: by what a token took of late on this machine. Pure."""

from __future__ import annotations

LEAST_TOKENS = 24
MOST_TOKENS = 128
SHARE = 0.5
"""Of the time there is, this much is planned for: the rest is for a machine that is busier than it was."""

MEMORY = 0.8
"""What the past counts against the newest measurement."""

FILLING_CHARS = 6
"""A text of so many characters a token fills what is read of it; a shorter one says nothing about the pace."""


class Pace:
    """Learn what a token costs, and plan with it; any thread may ask and tell (a lost measurement does no harm)."""

    def __init__(self) -> None:
        self._s_per_token = 0.0

    def tokens_within(self, budget_s: float) -> int:
        """Return how many tokens to read, from `LEAST_TOKENS` to `MOST_TOKENS`; the most while nothing is known.

        Examples
        --------
        >>> pace = Pace()
        >>> pace.took(0.128, text="word " * 200, tokens=128)
        >>> pace.tokens_within(0.1)
        50
        """
        if self._s_per_token == 0:
            return MOST_TOKENS
        planned = min(float(MOST_TOKENS), SHARE * budget_s / self._s_per_token)
        return max(LEAST_TOKENS, round(planned))

    def took(self, seconds: float, *, text: str, tokens: int) -> None:
        """Note how long a text took of which so many tokens were read at most."""
        if len(text) < FILLING_CHARS * tokens:
            return
        newest = seconds / tokens
        known = self._s_per_token or newest
        self._s_per_token = MEMORY * known + (1 - MEMORY) * newest
