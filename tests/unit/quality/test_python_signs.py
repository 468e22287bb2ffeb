from __future__ import annotations

import math
import sysconfig
from pathlib import Path

import pytest

from reasoningbank_daemon.quality.engines.syntax_tree import find_issues
from reasoningbank_daemon.quality.engines.tree_sitter_matches import find_matches, may_match
from reasoningbank_daemon.quality.engines.tree_sitter_parse import TextParser
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.catalogue import patterns_for
from reasoningbank_daemon.quality.patterns.python_signs import PythonLines

PATTERNS = patterns_for(Language.PYTHON)
FOLDERS = ("json", "http", "unittest", "concurrent", "email", "logging")
"""Of the standard library: code in many hands."""


def library_files() -> list[Path]:
    standard = Path(sysconfig.get_paths()["stdlib"])
    return sorted(file for folder in FOLDERS for file in (standard / folder).rglob("*.py"))


def rules_found(text: str) -> set[str]:
    parsed = TextParser().parse(Language.PYTHON, text.encode(), math.inf, lambda: 0.0)
    return {PATTERNS[match.pattern].rule for match in find_matches(parsed)}


def rules_told(text: str) -> set[str]:
    code = PythonLines(text)
    return {each.rule for each in PATTERNS if each.python_sign is None or each.python_sign(code)}


def test_sign_misses_no_match_in_the_standard_library() -> None:
    texts = [file.read_text(encoding="utf-8") for file in library_files()]

    missed = [rules_found(text) - rules_told(text) for text in texts]

    assert len(texts) > 40
    assert any(rules_found(text) for text in texts)
    assert missed == [set()] * len(texts)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("stubbed-body", "def f(): pass\n"),
        ("stubbed-body", "def f(\n    x,\n) -> None: ...\n"),
        ("stubbed-body", "def f(a=[x\n    for x in y]):\n    return\n"),
        ("stubbed-body", 'def f():\n    """One\n    # two"""\n    pass\n'),
        ("stubbed-body", "def f():  # why\n    # not\n\n    raise NotImplementedError\n"),
        ("stubbed-body", 'def f(): "doc"; pass\n'),
        ("unreachable-code", "def f():\n    return g(\n        1,\n    )\n    h()\n"),
        ("unreachable-code", "def f():\n    return 1; h()\n"),
        ("unreachable-code", "def f():\n\treturn 1\n\th()\n"),
        ("unreachable-code", 'def f():\n    return """\nx\n"""\n    # why\n\n    h()\n'),
        ("unreachable-code", "def f():\n    return x + \\\n  y\n    h()\n"),
        ("unreachable-code", 'def f():\n    raise E("(")\n    h()\n'),
        ("discarded-result", "(\n    x\n).strip()\n"),
        ("discarded-result", "if x == 1: y.strip()\n"),
        ("discarded-result", "f(\n    a=1).strip()\n"),
        ("discarded-result", "a = 1; a.upper()\n"),
        ("discarded-result", "def f(x):\n    g(); sorted(x)\n"),
        ("discarded-result", 'x["a:b"].replace(\n    "a", "b")\n'),
        ("assertion-always-true", "self.assertTrue(\n    True)\n"),
        ("default-against-annotation", "def f(a: int = {}): return a\n"),
        ("default-against-annotation", "def f(a: Optional[str] = [  # why\n]): return a\n"),
        ("swallowed-error", "try:\n    f()\nexcept Exception: ...\n"),
        (
            "swallowed-error",
            "try:\n    f()\nexcept (\n    Exception\n):\n    ...\nexcept:\n    # so\n    ...\n",
        ),
        ("skipped-test", "@unittest.skip\nclass A:\n    x = 1\n"),
    ],
)
def test_match_in_an_unusual_shape_is_found(rule: str, text: str) -> None:
    assert rule in {issue.rule for issue in find_issues(Language.PYTHON, text, math.inf)}


@pytest.mark.parametrize(
    "text",
    [
        "def f(x):\n    if x:\n        return\n    return g(\n        x\n    )\n",
        "class A:\n    pass\n\n\nx = y.strip().upper()\nprint(sorted(x))\n",
        "try:\n    f()\nexcept KeyError:\n    pass\n",
        '"""Says that it passes, and returns.\n\n:return: what\n"""\nx: dict[str, list[int]] = {}\n',
        "assert x is True\n# skip the rest of the loop\n",
    ],
)
def test_text_without_a_match_need_not_be_parsed(text: str) -> None:
    assert not may_match(Language.PYTHON, text)
