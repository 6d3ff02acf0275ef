"""How commands start, and how they end when they cannot."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Touchstone, environment_for

VERBS = ("demo", "ingest", "search", "ask", "serve", "documents", "jobs", "models", "index", "evaluate")


def test_help_names_every_verb(touchstone: Touchstone) -> None:
    done = touchstone("--help")
    assert done.code == 0
    assert all(verb in done.out for verb in VERBS)


def test_help_loads_no_web_framework_no_model_and_no_database(tmp_path: Path) -> None:
    code = (
        "import sys, json, cli.main\ntry:\n    cli.main.app(['--help'])\nexcept SystemExit:\n    pass\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment_for(tmp_path / "data")
    )
    heavy = {"torch", "chromadb", "fastapi", "starlette", "uvicorn", "sqlalchemy", "numpy", "onnxruntime", "httpx"}
    assert set(json.loads(done.stdout.splitlines()[-1])) & heavy == set()


def test_the_version_is_the_package_s(touchstone: Touchstone) -> None:
    assert touchstone("--version").out == "touchstone 0.1.0\n"


WRONG = [
    (["ask"], "QUESTION"),
    (["guess"], "guess"),
    (["ask", "x", "--mode", "guess"], "guess"),
    (["ask", " "], "question: is empty"),
    (["ask", "x", "--limit", "0"], "limit"),
    (["ask", "x"], "no data folder"),
    (["search", "x"], "no data folder"),
    (["documents", "list"], "no data folder"),
    (["ingest", "nowhere"], "nowhere"),
    (["evaluate", "check", "nowhere.jsonl"], "nowhere.jsonl"),
    (["serve", "--host", "0.0.0.0"], "allow_anonymous"),
    (["serve", "--host", "no.such.host.invalid"], "no.such.host.invalid"),
]


@pytest.mark.parametrize(("words", "said"), WRONG, ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_wrong_usage_is_said_in_words_and_ends_with_2(touchstone: Touchstone, words: list[str], said: str) -> None:
    done = touchstone(*words)
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err
    assert done.out == ""


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("TOUCHSTONE_SERVR__PORT", "1", "Did you mean TOUCHSTONE_SERVER"),
        ("TOUCHSTONE_SERVER__PORT", "many", "server.port"),
        ("TOUCHSTONE_SETTINGS", "/nowhere.toml", "/nowhere.toml"),
    ],
)
def test_a_wrong_setting_is_said_in_words(touchstone: Touchstone, variable: str, value: str, said: str) -> None:
    done = touchstone("models", "list", **{variable: value})
    assert (done.code, said in done.err) == (2, True)


def test_a_bug_is_one_sentence_and_its_traceback_is_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    code = "import cli.main\n@cli.main.app.command('break')\ndef broken(): 1 / 0\ncli.main.run()"
    done = subprocess.run(
        [sys.executable, "-c", code, "break"],
        capture_output=True,
        text=True,
        check=False,
        env=environment_for(tmp_path / "data"),
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "ZeroDivisionError" in (tmp_path / "data" / "touchstone.log").read_text()


def test_the_data_folder_can_be_named_before_and_after_the_verb(touchstone: Touchstone, tmp_path: Path) -> None:
    for words in (["--data", "here", "documents", "list"], ["documents", "list", "--data", "here"]):
        done = touchstone(*words)
        assert "at here" in done.err, done.err


def test_the_module_is_the_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cli", "models", "list"]
    done = subprocess.run(command, capture_output=True, check=True, cwd=tmp_path, env=environment_for(tmp_path))
    assert b"extractive" in done.stdout
