from __future__ import annotations

from pathlib import Path

import pytest

from reasoningbank_daemon.quality.projects.project_config import (
    ProjectConfigError,
    ProjectConfigs,
    parse_project_config,
)
from reasoningbank_schema.verdicts import Severity

RULES = frozenset({"elided-code", "sql-from-strings"})
ENGINES = frozenset({"ruff", "ty"})


def test_everything_that_may_stand_in_the_file_is_read() -> None:
    text = """
    [quality]
    mode = "gate"
    engines_off = ["ty"]
    [quality.rules]
    S101 = "off"
    "PLR*" = "warning"
    elided-code = "error"
    "sql-*" = "note"
    [quality.thresholds]
    complexity = 25
    told = 2
    """

    table = parse_project_config(text, source="a", rules=RULES).quality

    assert table.severities == {
        "S101": None,
        "PLR*": Severity.WARNING,
        "elided-code": Severity.ERROR,
        "sql-*": Severity.NOTE,
    }
    assert (table.thresholds.complexity, table.thresholds.told, table.engines_off) == (25, 2, ("ty",))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[quality", "is not TOML"),
        ("[quality]\nmodes = 1", "Did you mean 'mode'?"),
        ("[quality]\nmode = 'block'", "allowed: advise, gate"),
        ("[quality.rules]\nelided-cod = 'off'", "Did you mean 'elided-code'?"),
        ("[quality.rules]\ns101 = 'off'", "Did you mean 'S101'?"),
        ("[quality.rules]\nF8 = 'off'", "for all that begin so, write 'F8*'"),
        ("[quality.rules]\n'sqk-*' = 'off'", "no rule's name begins with 'sqk-'"),
        ("[quality]\nengines_off = ['rufff']", "no engine is called 'rufff'; there are: ruff, ty"),
        ("[quality.rules]\nS101 = 'none'", "allowed: off, note, warning, error"),
        ("[quality.thresholds]\ncomplexity = 3", "quality.thresholds.complexity"),
    ],
)
def test_mistake_is_named_with_what_is_allowed(text: str, told: str) -> None:
    with pytest.raises(ProjectConfigError, match=r"^the file") as caught:
        parse_project_config(text, source="the file", rules=RULES, engines=ENGINES)

    assert told in str(caught.value)


def test_file_is_read_anew_when_it_changes(tmp_path: Path) -> None:
    configs = ProjectConfigs(rules=lambda: RULES)
    file = tmp_path / ".reasoningbank.toml"
    nothing = configs.config_of(str(tmp_path)).quality.rules

    file.write_text('[quality.rules]\nS101 = "off"\n')
    first = configs.config_of(str(tmp_path)).quality.rules
    file.write_text('[quality.rules]\nS101 = "warning"\n')
    second = configs.config_of(str(tmp_path)).quality.rules

    assert (nothing, first, second) == ({}, {"S101": "off"}, {"S101": "warning"})
