from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from rbtest.command_line import CommandLine


@pytest.fixture
def project(tmp_path: Path) -> CommandLine:
    """A repository with one commit, which is also the scratch home."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "a.py").write_text("def f(x):\n    return int(x)\n")
    (folder / "b.py").write_text("def g():\n    return 1\n")
    (folder / ".gitignore").write_text("data/\n")
    for arguments in (("init", "-q"), ("add", "."), ("commit", "-qm", "first")):
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)
    return CommandLine(folder)


def test_worsened_file_is_shown_and_ends_with_1(project: CommandLine) -> None:
    (project.home / "a.py").write_text("def f(x):\n    return eval(x)\n")

    done = project.run("verdict")

    assert done.returncode == 1, done.stderr
    assert "a.py  worse  score 100 → 90.91" in done.stdout
    assert "> " not in done.stderr
    assert "1 file: 1 worse." in done.stdout


def test_unchanged_and_improved_files_end_with_0(project: CommandLine) -> None:
    nothing = project.run("verdict")
    (project.home / "b.py").write_text("def g():\n    return 2\n")
    same = project.run("verdict")

    assert (nothing.returncode, same.returncode) == (0, 0)
    assert nothing.stdout == "No text differs from the last commit, so there is nothing to judge.\n"
    assert same.stdout == "1 file: 1 same. 0 new, 0 gone (notes included).\n"


def test_what_fails_is_what_was_asked_for(project: CommandLine) -> None:
    (project.home / "a.py").write_text("def f(x):\n    return eval(x)\n")

    codes = {
        what: project.run("verdict", "--fail-on", what).returncode
        for what in ("broken", "security", "nothing")
    }

    assert codes == {"broken": 0, "security": 1, "nothing": 0}


def test_staged_changes_are_judged_as_they_are_staged(project: CommandLine) -> None:
    (project.home / "a.py").write_text("def f(x:\n")
    subprocess.run(["git", "add", "a.py"], cwd=project.home, check=True)
    (project.home / "a.py").write_text("def f(x):\n    return int(x)\n")

    staged = project.run("verdict", "--staged", "--fail-on", "broken", "a.py")

    assert staged.returncode == 1
    assert "a.py  broken" in staged.stdout


def test_file_outside_of_git_is_compared_with_the_one_that_is_named(tmp_path: Path) -> None:
    command = CommandLine(tmp_path)
    (tmp_path / "old.py").write_text("x = eval(y)\n")
    (tmp_path / "new.py").write_text("import json\n\ny = '1'\nx = json.loads(y)\n")

    done = command.run("verdict", "new.py", "--before", "old.py", "--format", "json")

    verdict = json.loads(done.stdout)[0]
    assert done.returncode == 0
    assert (verdict["path"], verdict["label"]) == ("new.py", "better")


def test_project_file_switches_a_rule_off(project: CommandLine) -> None:
    (project.home / ".reasoningbank.toml").write_text('[quality.rules]\nS307 = "off"\n')
    (project.home / "a.py").write_text("def f(x):\n    return eval(x)\n")

    assert project.run("verdict", "a.py").returncode == 0


def test_project_file_with_a_mistake_ends_with_the_reason(project: CommandLine) -> None:
    (project.home / ".reasoningbank.toml").write_text("[quality]\nmod = 1\n")
    (project.home / "a.py").write_text("x = 2\n")

    done = project.run("verdict", "a.py")

    assert done.returncode == 78
    assert "Did you mean 'mode'?" in done.stderr


def test_sarif_and_github_forms_name_the_issue(project: CommandLine) -> None:
    (project.home / "a.py").write_text("def f(x):\n    return eval(x)\n")

    sarif = json.loads(project.run("verdict", "--format", "sarif").stdout)
    github = project.run("verdict", "--format", "github").stdout

    assert sarif["runs"][0]["results"][0]["ruleId"] == "S307"
    assert github.startswith("::warning file=a.py,line=2,col=12,title=S307 (security)::")


def test_revision_that_git_does_not_know_is_named(project: CommandLine) -> None:
    done = project.run("verdict", "--diff", "nosuch")

    assert done.stderr.startswith(
        "reasoningbank verdict: git has no revision 'nosuch'\nNext: git branch, git tag"
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--staged",), "No changed text is staged (git add stages one)"),
        (("--diff", "HEAD"), "No text differs from HEAD"),
        (("--diff", "HEAD..."), "No text differs from where this branch left HEAD"),
    ],
)
def test_nothing_to_judge_says_what_was_looked_at(
    project: CommandLine, options: tuple[str, ...], said: str
) -> None:
    done = project.run("verdict", *options)

    assert (done.returncode, done.stdout) == (0, f"{said}, so there is nothing to judge.\n")


def test_file_to_compare_with_that_is_not_there_is_named_so(project: CommandLine) -> None:
    done = project.run("verdict", "a.py", "--before", "old.py")

    assert done.returncode == 66
    assert f"{project.home}/old.py is not there\nNext: " in done.stderr


def test_json_is_written_as_other_commands_do(project: CommandLine) -> None:
    (project.home / "a.py").write_text("def f(x):\n    return eval(x)\n")

    short, long = project.run("verdict", "--json"), project.run("verdict", "--format", "json")

    assert (short.returncode, long.returncode) == (1, 1)
    assert [each["label"] for each in json.loads(short.stdout)] == ["worse"]
    assert [each["issues"] for each in json.loads(short.stdout)] == [
        each["issues"] for each in json.loads(long.stdout)
    ]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("nothing.py",), 66),
        (("--diff", "no-such-revision"), 66),
        (("--before", "b.py"), 64),
        (("--fail-on", "luck"), 64),
        (("--staged", "--diff", "HEAD"), 64),
    ],
)
def test_mistake_ends_with_its_own_code_and_a_reason(
    project: CommandLine, arguments: tuple[str, ...], code: int
) -> None:
    done = project.run("verdict", *arguments)

    assert done.returncode == code
    assert done.stderr


def test_ignore_comment_without_a_reason_is_noted_once(project: CommandLine) -> None:
    (project.home / "a.py").write_text(
        "def f(x):\n    return eval(x)  # reasoningbank: ignore[S307]\n", encoding="utf-8"
    )

    [verdict] = json.loads(project.run("verdict", "--json").stdout)

    assert [issue["rule"] for issue in verdict["issues"]] == ["ignore-without-reason"]
    assert verdict["label"] == "same"
