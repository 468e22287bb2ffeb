from __future__ import annotations

from rbtest.command_line import CommandLine


def test_set_keeps_the_file_and_show_marks_the_change(bench: CommandLine) -> None:
    file = bench.home / "config.toml"
    file.write_text("# mine\n[recall] # told\nmax_chars = 900 # best\n", encoding="utf-8")

    done = bench.run("config", "set", "recall.max_chars", "800")
    shown = bench.run("config", "show")

    assert done.returncode == 0
    assert file.read_text(encoding="utf-8") == "# mine\n[recall] # told\nmax_chars = 800 # best\n"
    assert "* max_chars = 800" in shown.stdout


def test_check_names_the_key_and_what_is_allowed(bench: CommandLine) -> None:
    (bench.home / "config.toml").write_text("[recall]\nmax_chars = 9\n", encoding="utf-8")

    done = bench.run("config", "check")

    assert done.returncode == 78
    assert (
        f"{bench.home}/config.toml: recall.max_chars is 9; allowed: a whole number from 200 to 1500"
        in done.stderr
    )


def test_set_on_a_file_that_is_wrong_asks_to_mend_it(bench: CommandLine) -> None:
    file = bench.home / "config.toml"
    file.write_text("[recall]\nmax_chars = 9\n", encoding="utf-8")

    done = bench.run("config", "set", "recall.max_chars", "800")

    assert done.returncode == 78
    assert "Next: fix it, then: reasoningbank config check" in done.stderr
    assert file.read_text(encoding="utf-8") == "[recall]\nmax_chars = 9\n"


def test_default_model_that_is_not_in_the_list_is_told_the_list_itself(bench: CommandLine) -> None:
    (bench.home / "config.toml").write_text('[selection]\ndefault_model = "gpt"\n', encoding="utf-8")

    done = bench.run("models", "list")

    assert done.returncode == 78
    assert "models list" not in done.stderr
    assert "a model of the list, which has: claude-" in done.stderr


def test_key_that_is_read_at_start_asks_for_a_restart(bench: CommandLine) -> None:
    bench.run("up")

    done = bench.run("config", "set", "daemon.workers_other", "3")

    assert "Next: reasoningbank down && reasoningbank up" in done.stdout


def test_key_that_is_changed_without_a_daemon_asks_for_no_restart(bench: CommandLine) -> None:
    done = bench.run("config", "set", "daemon.workers_other", "3")

    assert done.stdout.endswith("\nNo daemon is running; the next one starts with it.\n")


def test_model_list_shows_what_the_user_changed(bench: CommandLine) -> None:
    (bench.home / "config.toml").write_text(
        '[[models]]\nname = "claude-haiku-5-5"\ninput = 0.5\n', encoding="utf-8"
    )

    listed = bench.json("models", "list")

    changed = next(model for model in listed["models"] if model["name"] == "claude-haiku-5-5")
    assert (changed["input"], changed["alias"]) == (0.5, "haiku")
    assert listed["default"] == "claude-opus-5-5"
