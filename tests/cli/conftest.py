"""The command line as people run it: a process, a folder, two streams and an exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


class Done:
    """A command that has ended."""

    def __init__(self, done: subprocess.CompletedProcess[bytes]) -> None:
        self.code = done.returncode
        self.out = done.stdout.decode("utf-8")
        self.err = done.stderr.decode("utf-8")

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Touchstone = Callable[..., Done]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Settings for quick commands: words are hashed, the data folder is a temporary one."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TOUCHSTONE_")}
    data = str(tmp_path / "data")
    return clean | {"TOUCHSTONE_EMBEDDER__KIND": "hashing", "TOUCHSTONE_DATA": data, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def touchstone(tmp_path: Path, environment: dict[str, str]) -> Touchstone:
    def run(*words: str | bytes | Path, **variables: str) -> Done:
        command = [sys.executable, "-m", "cli", *words]
        return Done(
            subprocess.run(command, capture_output=True, cwd=tmp_path, env=environment | variables, check=False)
        )

    return run


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    (folder / "policies").mkdir(parents=True)
    (folder / "policies" / "leave.md").write_text(
        "# Leave\n\n## Parental leave\n\nParents have 16 weeks of paid parental leave.\n"
    )
    (folder / "shop.txt").write_text("The shop opens at nine in the morning.\n")
    return folder
