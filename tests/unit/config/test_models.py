from __future__ import annotations

from reasoningbank_daemon.config import configured_models, parse_config, price_document, price_version


def test_defaults_name_an_alias_and_a_date_for_claude_models() -> None:
    models = configured_models(parse_config(""))

    claude = [model for model in models if model.host == "claude-code"]
    assert {model.alias for model in claude} == {"opus", "sonnet", "haiku", "fable"}
    assert all(model.as_of is not None for model in models)


def test_users_table_changes_the_keys_it_states_and_keeps_the_others() -> None:
    config = parse_config('[[models]]\nname = "claude-haiku-5-5"\ninput = 0.2')

    changed = next(model for model in configured_models(config) if model.name == "claude-haiku-5-5")

    assert (changed.input, changed.alias) == (0.2, "haiku")


def test_new_model_is_added_and_may_be_the_default() -> None:
    config = parse_config(
        '[selection]\ndefault_model = "mine"\n'
        '[[models]]\nname = "mine"\nhost = "local"\ntier = "small"\ninput = 0\noutput = 0\nas_of = 2026-11-01'
    )

    assert configured_models(config)[-1].name == "mine"


def test_surcharges_of_a_model_fall_away_when_the_user_states_its_price() -> None:
    repriced = parse_config('[[models]]\nname = "claude-haiku-5-5"\ninput = 0.2')
    renamed = parse_config('[[models]]\nname = "claude-haiku-5-5"\nnote = "ours"')

    surcharged = [
        {entry["name"] for entry in price_document(config.models)["long_prompts"]}
        for config in (repriced, renamed)
    ]

    assert "claude-haiku-5-5" not in surcharged[0]
    assert "claude-haiku-5-5" in surcharged[1]


def test_price_version_changes_with_a_price() -> None:
    shipped = price_version(price_document(()))
    changed = price_version(
        price_document(parse_config('[[models]]\nname = "claude-haiku-5-5"\ninput = 0.2').models)
    )

    assert shipped != changed
