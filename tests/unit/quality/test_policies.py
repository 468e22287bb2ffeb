from __future__ import annotations

from pathlib import Path

import structlog

from reasoningbank_daemon.quality.projects.policies import Policies
from reasoningbank_daemon.quality.projects.policy import Mode


def test_project_file_that_is_no_good_is_left_out_and_told_once(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    file = tmp_path / ".reasoningbank.toml"
    file.write_text('[quality]\nmod = "advise"\n')
    policies = Policies(mode=lambda: Mode.GATE, false_alarms=lambda _root: {"S307": 2})

    with structlog.testing.capture_logs() as logs:
        found = [policies.policy_or_default(str(tmp_path / f"{number}.py")) for number in range(5)]
        file.write_text('[quality]\nmoods = "advise"\n')
        policies.policy_or_default(str(tmp_path / "a.py"))

    assert [each.false_alarms for each in found] == [{"S307": 2}] * 5
    assert {each.mode for each in found} == {Mode.GATE}
    assert ["'mod'" in each["reason"] for each in logs] == [True, False]
