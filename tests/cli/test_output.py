"""What documents, names and errors can do to a person's terminal: nothing."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from core.terminal import visible, visible_json
from tests.cli.conftest import ROOT, Touchstone

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\x08\x7f\x85\u202e\u2066\u2028\rx"
OBEYED = set(EVIL) - set("]0;owned[2J31mx")


def test_what_a_terminal_would_obey_is_replaced_letter_by_letter() -> None:
    assert not set(visible(EVIL)) & OBEYED
    assert len(visible(EVIL)) == len(EVIL)
    assert visible("a\tb\r\nc\nä\u200f") == "a\tb\r\nc\nä\u200f"


def test_json_says_the_same_in_escapes() -> None:
    written = visible_json(json.dumps({"name": EVIL}, ensure_ascii=False))
    assert not set(written) & OBEYED
    assert json.loads(written) == {"name": EVIL}


@pytest.fixture
def named(touchstone: Touchstone, tmp_path: Path) -> str:
    folder = tmp_path / "evil"
    folder.mkdir()
    name = f"n{EVIL}.json".replace("/", "")
    (folder / name).write_text(json.dumps([{"animal": f"okapi {EVIL}", "cost": f"100 {EVIL} euros"}]), "utf-8")
    (folder / f"empty{EVIL}.md").write_text("")
    assert touchstone("ingest", folder).code == 3
    return name


def test_no_command_shows_what_a_terminal_would_obey(touchstone: Touchstone, tmp_path: Path, named: str) -> None:
    for words in (
        ["ingest", tmp_path / "evil"], ["ingest", tmp_path / "evil", "--dry-run"], ["documents", "list"],
        ["documents", "list", "--json"], ["documents", "show", named], ["documents", "show", named, "--text"],
        ["documents", "show", named, "--text", "--json"], ["search", "okapi", "--explain", "--trace", named],
        ["ask", "What does the okapi cost?"], ["ask", "What does the okapi cost?", "--json"], ["jobs", "list"],
        ["search", "x", "-c", f"c{EVIL}"], ["ask", "x", "-m", f"m{EVIL}"], ["jobs", "show", f"j{EVIL}"],
        ["ingest", f"no{EVIL}"], ["documents", "remove", named],
    ):  # fmt: skip
        done = touchstone(*words)
        assert not set(done.out + done.err) & OBEYED, words


def test_only_one_place_writes_to_the_terminal() -> None:
    allowed = {"cli/output.py", "cli/main.py", "cli/requirements.py"}  # the last one is no command of touchstone
    found = set()
    for path in sorted((ROOT / "cli").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {
                "print", "sys.stdout.write", "sys.stderr.write", "typer.echo", "typer.secho", "click.echo"
            }:  # fmt: skip
                found.add(name)
    assert found <= allowed
