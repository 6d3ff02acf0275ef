"""`touchstone settings`, in a process of its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from core.settings.load import load
from tests.cli.conftest import environment_for


def settings(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli", "settings", *words]
    environment = environment_for(folder / "data") | variables
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def shown(folder: Path, *words: str, **variables: str) -> dict[str, tuple[object, str]]:
    told = settings(folder, "show", "--json", *words, **variables)
    assert told.returncode == 0, told.stderr
    return {each["name"]: (each["value"], each["origin"]) for each in json.loads(told.stdout)["settings"]}


def test_every_setting_is_shown_with_its_value_and_where_it_comes_from(tmp_path: Path) -> None:
    (tmp_path / "touchstone.toml").write_text(
        "[server]\nport = 9001\nwaiting = 3\n[models.main]\nkind = 'openai'\nmodel = 'm'\n"
    )
    told = shown(tmp_path, "--data", "here", TOUCHSTONE_SERVER__PORT="9002", TOUCHSTONE_SEARCH='{"limit": 7}')
    assert told["data"] == ("here", "command line")
    assert told["server.port"] == (9002, "TOUCHSTONE_SERVER__PORT")
    assert told["search.limit"] == (7, "TOUCHSTONE_SEARCH")
    assert told["server.waiting"] == (3, "touchstone.toml")
    assert told["models.main.model"] == ("m", "touchstone.toml")
    assert told["log_format"][1] == "default"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://jo:s3cret@db/jobs", "postgresql://jo:***@db/jobs"),
        ("postgresql://jo:p@s3cret@db/jobs", "postgresql://jo:***@db/jobs"),
        ("postgresql://jo:p/s3cret@db/jobs", "postgresql://jo:***@db/jobs"),
        ("postgresql://jo:p?s3cret@db/jobs", "postgresql://jo:***@db/jobs"),
        ("postgresql://s3cret@db/jobs", "postgresql://***@db/jobs"),
        ("postgresql://db/jobs?user=jo&password=s3cret", "postgresql://db/jobs?user=***&password=***"),
        ("postgresql://db:5432/jobs", "postgresql://db:5432/jobs"),
    ],
)
def test_a_secret_in_a_url_is_not_shown(tmp_path: Path, url: str, told: str) -> None:
    for words in ((), ("--json",)):
        said = settings(
            tmp_path, "show", *words, TOUCHSTONE_JOBS__DATABASE_URL=url, TOUCHSTONE_SERVER__SOURCES=f"docs,{url}"
        )
        assert said.stdout.count(told) == 2, said.stderr
        assert "s3cret" not in said.stdout


def test_the_file_to_begin_with_holds_every_default_and_is_not_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings(tmp_path, "init").returncode == 0
    written = (tmp_path / "touchstone.toml").read_text()
    again = settings(tmp_path, "init")
    assert (again.returncode, "is there already" in again.stderr) == (2, True)
    own = written.partition("# [models.NAME]")[0]
    said = tomllib.loads(re.sub(r"^# (\w+ = \S)", r"\1", own, flags=re.MULTILINE))
    plain = load().model_dump(mode="json")
    assert {name for name, value in said.items() if isinstance(value, dict)} == {
        name for name, value in plain.items() if isinstance(value, dict)
    } - {"models", "schedule"}
    for section, values in said.items():
        assert values == (
            {name: plain[section][name] for name in values} if isinstance(values, dict) else plain[section]
        )
    monkeypatch.chdir(tmp_path)
    assert load().server.port == plain["server"]["port"]
