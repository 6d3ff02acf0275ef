"""The command line as people use it: words in; two streams and an exit code out.

Commands run in this process, which loads the libraries once; those that are about the process itself start their own.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli.main import run

ROOT = Path(__file__).parents[2]


@dataclass
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Touchstone = Callable[..., Done]


def settings_for(data: Path) -> dict[str, str]:
    """Settings for quick commands: words are hashed, the data folder is a temporary one."""
    return {"TOUCHSTONE_EMBEDDER__KIND": "hashing", "TOUCHSTONE_DATA": str(data)}


def environment_for(data: Path) -> dict[str, str]:
    """The environment of a command in a process of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TOUCHSTONE_")}
    return clean | settings_for(data) | {"PYTHONPATH": str(ROOT)}


def runner(folder: Path) -> Touchstone:
    """Runs commands in `folder`, with `folder/data` as the data folder."""

    def touchstone(*words: str | Path, **variables: str) -> Done:
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        handlers = logging.getLogger().handlers[:]
        with pytest.MonkeyPatch.context() as here, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            here.chdir(folder)
            here.setattr(sys, "excepthook", sys.excepthook)
            for name, value in (settings_for(folder / "data") | variables).items():
                here.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                run([str(word) for word in words])
        for handler in logging.getLogger().handlers:
            handler.close()
        logging.getLogger().handlers[:] = handlers
        return Done(int(ended.value.code or 0), *(_text(stream) for stream in (out, err)))

    return touchstone


def _text(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


def fill(folder: Path) -> Path:
    """A source of two documents below `folder`."""
    source = folder / "documents"
    (source / "policies").mkdir(parents=True)
    (source / "policies" / "leave.md").write_text(
        "# Leave\n\n## Parental leave\n\nParents have 16 weeks of paid parental leave.\n"
    )
    (source / "shop.txt").write_text("The shop opens at nine in the morning.\n")
    return source


@pytest.fixture
def touchstone(tmp_path: Path) -> Touchstone:
    """Commands on a data folder of the test's own, which is not there yet."""
    return runner(tmp_path)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return fill(tmp_path)


@pytest.fixture(scope="package")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Touchstone:
    """Commands on a data folder that holds two documents, for tests that only look."""
    folder = tmp_path_factory.mktemp("filled")
    assert runner(folder)("ingest", fill(folder)).code == 0
    return runner(folder)
