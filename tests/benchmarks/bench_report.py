"""Figures and their budgets, one line each, as they come."""

from __future__ import annotations

import operator
import sys

_BY_SIGN = {"≤": operator.le, "≥": operator.ge}


class Report:
    """Print what was measured."""

    def say(self, text: str) -> None:
        """Print a line that has no budget."""
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def figure(self, name: str, value: float, unit: str, *, budget: str = "", beside: str = "") -> None:
        """Print a figure; ``budget`` is like "≤ 8", ``beside`` what it has to be read with."""
        shown = f"{value:,.2f}" if value < 100 else f"{value:,.0f}"
        line = f"  {name}: {shown} {unit}".rstrip()
        if budget:
            sign, limit = budget.split()
            met = _BY_SIGN[sign](value, float(limit.replace(",", "")))
            line += f" [{budget}: {'met' if met else 'MISSED'}]"
        self.say(f"{line}; {beside}" if beside else line)
