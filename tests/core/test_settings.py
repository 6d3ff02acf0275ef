from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from core.errors import SettingsError, UnknownModel
from core.settings.load import load, secret

MODEL = """
[models.main]
kind = "openai"
base_url = "http://127.0.0.1:8080/v1"
model = "some-model"
price = { input = 0.60, output = 0.60 }
default = true
"""


def test_everything_has_a_default() -> None:
    assert load().data == Path("touchstone-data")
    assert load().default_model() == "extractive"


def test_a_variable_wins_over_the_file_and_an_argument_over_both(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("touchstone.toml").write_text('data = "from-file"\nlog_level = "info"\n')
    monkeypatch.setenv("TOUCHSTONE_DATA", "from-variable")
    assert load().data == Path("from-variable")
    assert load(data=Path("from-argument")).data == Path("from-argument")
    assert load().log_level == "info"


def test_the_file_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text("[server]\nport = 9000\n")
    monkeypatch.setenv("TOUCHSTONE_SETTINGS", str(tmp_path / "other.toml"))
    assert load().server.port == 9000
    monkeypatch.setenv("TOUCHSTONE_SETTINGS", str(tmp_path / "none.toml"))
    with pytest.raises(SettingsError, match=r"none\.toml, which is not a file"):
        load()


def test_a_model_is_named_in_the_file_and_takes_over_as_default() -> None:
    Path("touchstone.toml").write_text(MODEL)
    name, model = load().model(None)
    assert (name, model.price and model.price.input) == ("main", Decimal("0.6"))
    assert load().model("extractive")[1].kind == "extractive"


def test_an_unknown_model_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownModel, match=r"No model is called 'gpt'\. The settings name: extractive"):
        load().model("gpt")


@pytest.mark.parametrize(
    ("variable", "sentence"),
    [
        ("TOUCHSTONE_SERVR__PORT", "TOUCHSTONE_SERVR__PORT is not a setting. Did you mean TOUCHSTONE_SERVER?"),
        ("TOUCHSTONE_SERVER__PRT", "server.prt is not a setting. Did you mean port?"),
    ],
)
def test_a_misspelt_variable_is_refused(variable: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "1")
    with pytest.raises(SettingsError) as refused:
        load()
    assert str(refused.value) == sentence


def test_a_misspelt_name_in_the_file_is_refused() -> None:
    Path("touchstone.toml").write_text("[serach]\nlimit = 3\n")
    with pytest.raises(SettingsError, match=r"serach is not a setting\. Did you mean search\?"):
        load()


def test_a_wrong_value_is_named_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOUCHSTONE_SERVER__PORT", "eighty")
    with pytest.raises(SettingsError, match=r"The setting server\.port is wrong: .*integer"):
        load()


def test_a_file_that_is_not_toml_is_refused() -> None:
    Path("touchstone.toml").write_text("models = [")
    with pytest.raises(SettingsError, match=r"touchstone\.toml is not valid TOML"):
        load()


def test_settings_cannot_be_changed_after_they_are_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().data = Path("elsewhere")  # type: ignore[misc]


def test_a_key_is_read_from_the_variable_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_API_KEY", "k")
    assert secret("LLM_API_KEY") == "k"
    with pytest.raises(SettingsError, match="The variable OTHER_KEY is not set"):
        secret("OTHER_KEY")


@pytest.mark.parametrize(
    ("table", "where"),
    [
        ("ingest]\ninclude = ['[z-a]']", "ingest.include.0"),
        ("ingest]\nexclude = ['[z-a]']", "ingest.exclude.0"),
        ("[ingest.rules]]\npattern = '[z-a]'", "ingest.rules.0.pattern"),
        ("[ingest.rules]]\npattern = '[Z-a]'", "ingest.rules.0.pattern"),  # and rules look at small letters
        ("schedule.all]\nsource = '/srv'\nevery_minutes = 1\ninclude = ['[z-a]']", "schedule.all.include.0"),
    ],
)
def test_a_pattern_that_means_nothing_is_refused(table: str, where: str) -> None:
    Path("touchstone.toml").write_text(f"[{table}\n")
    with pytest.raises(SettingsError, match=rf"The setting {where} is wrong: it has the range z-a, which is empty"):
        load()


@pytest.mark.parametrize(
    "written", ['["https://a.example.com", "https://b.example.com"]', "https://a.example.com, https://b.example.com/"]
)
def test_a_variable_lists_origins_as_json_or_with_commas(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("TOUCHSTONE_SERVER__ORIGINS", written)
    assert load().server.origins == ("https://a.example.com", "https://b.example.com")


def test_a_variable_that_lists_no_origin_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOUCHSTONE_SERVER__ORIGINS", '["https://a.example.com"')
    with pytest.raises(SettingsError, match=r"server\.origins is wrong"):
        load()
