from __future__ import annotations

import ast
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from core import logs


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """What a test sets up writes to the stream of that test, which is closed afterwards."""
    changed = [logging.getLogger(name) for name in (None, *logs.NOISY, "indexes.embedders.minilm")]
    before = [(logger.level, logger.handlers[:]) for logger in changed]
    yield
    for logger, (level, handlers) in zip(changed, before, strict=True):
        for handler in set(logger.handlers).difference(handlers, [logging.lastResort]):
            handler.close()
        logger.setLevel(level)
        logger.handlers[:] = handlers


def test_a_log_line_is_one_json_object_with_its_fields_and_request(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info")
    token = logs.request_id.set("r-1")
    logging.getLogger("ingest").info("ingest.finished", extra={"chunks": 3})
    logs.request_id.reset(token)
    line = json.loads(capsys.readouterr().err)
    assert {"event": "ingest.finished", "chunks": 3, "request_id": "r-1", "level": "info"}.items() <= line.items()


def test_lines_below_the_level_are_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("warning")
    logging.getLogger("ingest").info("ingest.finished")
    assert capsys.readouterr().err == ""


def test_what_a_person_waits_for_is_also_said_in_plain_words(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    logs.configure("warning", tmp_path / "log")
    for _ in range(2):
        logs.speak("indexes.embedders.minilm")
    logging.getLogger("indexes.embedders.minilm").warning("Preparing the model.")
    logging.getLogger("indexes.open").warning("For the log alone.")
    assert capsys.readouterr().err == "Preparing the model.\n"
    assert len((tmp_path / "log").read_text().splitlines()) == 2


def said(form: logs.Format, capsys: pytest.CaptureFixture[str]) -> str:
    logs.configure("debug", form=form)
    logging.getLogger("openai").setLevel(logging.DEBUG)
    logging.getLogger("openai").debug("Request options: %s", {"json": "canary"})
    logging.getLogger("some.library").warning("cannot read canary.pdf")
    try:
        try:
            raise ValueError("canary")
        except ValueError as error:
            raise KeyError("canary.pdf") from error
    except KeyError:
        logging.getLogger("ingest").exception("ingestion failed", extra={"chunks": 3})
    return capsys.readouterr().err


@pytest.mark.parametrize("form", ["text", "json"])
def test_neither_a_library_s_words_nor_an_exception_s_are_written(
    form: logs.Format, capsys: pytest.CaptureFixture[str]
) -> None:
    written = said(form, capsys)
    assert "canary" not in written
    assert "builtins.ValueError" in written
    assert "builtins.KeyError" in written
    assert "test_logs.py" in written


def test_a_line_for_people_has_the_event_and_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    assert "error ingestion failed chunks=3\n" in said("text", capsys)


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_thread_that_an_exception_ends_leaves_that_exception_in_the_log(
    form: logs.Format, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    logs.configure("info", form=form)
    monkeypatch.setattr(threading, "excepthook", logs.report_thread)

    def work() -> None:
        raise ZeroDivisionError("canary")

    thread = threading.Thread(target=work, name="touchstone-reading")
    thread.start()
    thread.join()
    written = capsys.readouterr().err
    assert "a thread ended with an exception" in written
    assert all(part in written for part in ("touchstone-reading", "builtins.ZeroDivisionError", "test_logs.py"))
    assert "canary" not in written


def test_no_field_of_a_log_line_is_called_like_one_that_the_library_sets_itself() -> None:
    taken = set(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
    root = Path(__file__).parents[2]
    found = {
        (path.name, key.value)
        for package in logs.OURS
        for path in (root / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.keyword) and node.arg == "extra" and isinstance(node.value, ast.Dict)
        for key in node.value.keys
        if isinstance(key, ast.Constant)
    }
    assert len(found) > 20
    assert not [where for where in found if where[1] in taken]


@pytest.mark.parametrize("form", ["text", "json"])
def test_nothing_in_a_log_line_is_obeyed_by_a_terminal(form: logs.Format, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", form=form)
    logging.getLogger("ingest").warning("a file", extra={"file": "\x1b]0;owned\x07\x9b31m\r\u202e\x08x"})
    assert not set(capsys.readouterr().err) & set("\x1b\x07\x9b\r\u202e\x08")


@pytest.mark.parametrize("full", [False, True], ids=["a folder is in its place", "the disk is full"])
def test_a_log_that_cannot_be_written_is_said_once_and_stops_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], full: bool
) -> None:
    file = Path("/dev/full") if full else tmp_path
    handler = logs.LogFile(file, delay=True)
    for _ in range(2):
        handler.handle(logging.makeLogRecord({"msg": "said"}))
    with suppress(OSError):  # what is held back for a full disk is lost
        handler.close()
    said = capsys.readouterr().err
    assert said.count("Nothing is logged to") == 1
    assert "Traceback" not in said
