"""The processes that read files: what happens in one stays in it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from core.errors import Unavailable
from ingest.reading.isolation import Ended, Limits
from ingest.reading.pool import ParserPool
from tests.faults import deeds
from tests.faults.processes import alive, children, ends, only_linux

Pool = ParserPool[str, object]


def pool(
    *, seconds: int = 60, memory_mb: int = 1024, workers: int = 2, work: Callable[[str], object] = deeds.do
) -> Pool:
    return ParserPool(work, Limits(seconds=seconds, memory_mb=memory_mb), workers=workers)


def code(result: object) -> str:
    assert isinstance(result, Ended), result
    return result.code


@pytest.fixture(autouse=True)
def temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files that is the test's own, to see what is left there."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_results_belong_to_their_tasks() -> None:
    with pool() as reader:
        futures = [reader.submit(str(number)) for number in range(40)]
        assert [reader.result(future) for future in futures] == [str(number) for number in range(40)]


@only_linux
def test_nothing_is_started_before_the_first_task_and_nothing_is_left(temporary_files: Path) -> None:
    with pool() as reader:
        assert children() == []
        assert list(temporary_files.iterdir()) == []
        reader.result(reader.submit("a"))
        assert len(children()) == 1
    assert children() == []
    assert list(temporary_files.iterdir()) == []


@pytest.mark.parametrize(
    ("deed", "expected"),
    [
        ("read_address_zero", "crashed"),
        ("leave", "crashed"),
        ("leave_politely", "crashed"),
        ("recurse", "crashed"),
        ("call_out", "crashed"),
        ("write_without_end", "crashed"),
        ("open_without_end", "crashed"),
        ("be_killed", "out_of_memory"),
        ("allocate", "out_of_memory"),
        ("allocate_in_a_library", "out_of_memory"),
    ],
)
@only_linux
def test_what_ends_one_task_ends_no_other(deed: str, expected: str, temporary_files: Path) -> None:
    with pool() as reader:
        before, bad, after = [reader.submit(task) for task in ("before", deed, "after")]
        assert [reader.result(before), code(reader.result(bad)), reader.result(after)] == ["before", expected, "after"]
    assert children() == []
    assert list(temporary_files.iterdir()) == []


@pytest.mark.parametrize(
    "deed", ["hang", "hang_whatever_is_asked", "be_stopped", "compute_for_ever", "fork_and_wait_for_ever"]
)
@only_linux
def test_what_never_ends_is_ended_with_its_children(deed: str, tmp_path: Path) -> None:
    noted = tmp_path / "noted"
    noted.mkdir()
    with pool(seconds=1, work=partial(deeds.note_and_do, noted)) as reader:
        bad, after = reader.submit(deed), reader.submit("after")
        assert code(reader.result(bad)) == "timed_out"
        assert reader.result(after) == "after"
    assert len(list(noted.iterdir())) >= (3 if deed.startswith("fork") else 2)
    assert all(ends(int(path.name)) for path in noted.iterdir())


@only_linux
def test_a_child_that_a_task_leaves_behind_ends_with_the_pool() -> None:
    with pool() as reader:
        reader.result(reader.submit("leave_a_child_behind"))
        pid = reader.result(reader.submit("pid"))
        assert isinstance(pid, int)
        (sleeper,) = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit() and is_child(path, pid)]
        assert alive(sleeper)
    assert ends(sleeper)


def is_child(folder: Path, parent: int) -> bool:
    try:
        return (folder / "stat").read_text().rpartition(")")[2].split()[1] == str(parent)
    except OSError:
        return False


def test_temporary_files_are_removed(temporary_files: Path) -> None:
    with pool() as reader:
        folder = reader.result(reader.submit("folder"))
        assert Path(str(folder)).is_relative_to(temporary_files.resolve())
        reader.result(reader.submit("write_temporary_files"))
        assert Path(str(folder), "in-the-working-folder").exists()
    assert list(temporary_files.iterdir()) == []


def test_what_a_parent_that_was_killed_left_is_removed_and_what_a_living_one_needs_is_not(
    temporary_files: Path,
) -> None:
    abandoned = temporary_files / "touchstone-reading-abandoned"
    (abandoned / "0").mkdir(parents=True)
    with pool() as first, pool() as second:
        folder = Path(str(first.result(first.submit("folder"))))
        second.result(second.submit("a"))
        assert not abandoned.exists()
        assert folder.exists()


def test_keys_and_passwords_do_not_reach_a_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_API_KEY", "secret")
    with pool() as reader:
        seen = reader.result(reader.submit("environment"))
    assert isinstance(seen, list)
    assert "LLM_API_KEY" not in seen
    assert "TMPDIR" in seen


def test_one_process_serves_what_is_quick_and_waiting_brings_another() -> None:
    with pool(seconds=2, workers=2) as reader:
        pids = {reader.result(future) for future in [reader.submit("pid") for _ in range(20)]}
        assert len(pids) == 1
        stuck = reader.submit("hang")
        others = [reader.submit("pid") for _ in range(3)]
        assert {reader.result(future) for future in others}.isdisjoint(pids)
        assert code(reader.result(stuck)) == "timed_out"


def test_a_large_parent_does_not_make_its_processes_look_large() -> None:
    held = bytearray(b"x") * (400 << 20)
    with pool(memory_mb=512) as reader:
        assert len({reader.result(future) for future in [reader.submit("pid") for _ in range(5)]}) == 1
    assert held


@only_linux
def test_a_pool_survives_the_thread_that_first_used_it() -> None:
    with pool() as reader:
        seen: list[object] = []
        thread = threading.Thread(target=lambda: seen.append(reader.result(reader.submit("pid"))))
        thread.start()
        thread.join()
        assert reader.result(reader.submit("pid")) == seen[0]


@only_linux
def test_leaving_in_the_middle_of_everything_leaves_nothing(tmp_path: Path) -> None:
    noted = tmp_path / "noted"
    noted.mkdir()
    before = threading.active_count()
    with suppress(KeyboardInterrupt), pool(work=partial(deeds.note_and_do, noted)) as reader:
        reader.result(reader.submit("a"))
        for _ in range(10):
            reader.submit("fork_and_wait_for_ever")
        raise KeyboardInterrupt
    assert children() == []
    assert all(ends(int(path.name)) for path in noted.iterdir())
    assert threading.active_count() == before


@only_linux
def test_leaving_while_the_first_process_is_still_starting_leaves_nothing() -> None:
    before = threading.active_count()
    with pool() as reader:
        reader.submit("a")
    assert children() == []
    assert threading.active_count() == before


class Unloadable:
    """Work that fails as it reaches the process."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return int, ("no number",)


def test_a_process_that_cannot_start_is_no_fault_of_the_file() -> None:
    broken: ParserPool[str, object] = ParserPool(Unloadable(), Limits(seconds=5, memory_mb=512), workers=1)  # type: ignore[arg-type]
    with broken as reader:
        for _ in range(2):
            with pytest.raises(Unavailable, match="could not be started"):
                reader.result(reader.submit("a"))


class Stopped:
    """Work that stops each process that it comes to, and the first ones by ending them instead."""

    def __init__(self, noted: Path, ends: int) -> None:
        self.noted, self.ends = noted, ends

    def __call__(self, task: str) -> object:
        raise AssertionError("the processes get something else")

    def __reduce__(self) -> tuple[Callable[[Path, int], Callable[[str], str]], tuple[Path, int]]:
        return come_to, (self.noted, self.ends)


def come_to(noted: Path, ends: int) -> Callable[[str], str]:
    (noted / str(os.getpid())).touch()
    if len(list(noted.iterdir())) <= ends:
        os.kill(os.getpid(), signal.SIGKILL)
    if not ends:
        os.kill(os.getpid(), signal.SIGSTOP)
    return str


@pytest.fixture
def noted(tmp_path: Path) -> Path:
    folder = tmp_path / "noted"
    folder.mkdir()
    return folder


@only_linux
def test_a_process_that_dies_as_it_starts_is_started_once_more(noted: Path) -> None:
    limits = Limits(seconds=60, memory_mb=512)
    with ParserPool[str, object](Stopped(noted, ends=1), limits, workers=1) as reader:
        assert reader.result(reader.submit("a")) == "a"
    assert len(list(noted.iterdir())) == 2


@only_linux
def test_a_pool_whose_process_could_not_be_started_tries_again_with_the_next_task(noted: Path) -> None:
    limits = Limits(seconds=60, memory_mb=512)
    with ParserPool[str, object](Stopped(noted, ends=2), limits, workers=1) as reader:
        with pytest.raises(Unavailable):
            reader.result(reader.submit("a"))
        assert reader.result(reader.submit("b")) == "b"


@only_linux
def test_a_process_that_is_stopped_as_it_starts_is_said_not_to_answer_and_ended(noted: Path) -> None:
    limits = Limits(seconds=60, memory_mb=512, start_seconds=2)
    with (
        ParserPool[str, object](Stopped(noted, ends=0), limits, workers=1) as reader,
        pytest.raises(Unavailable, match="did not answer within 2 s"),
    ):
        reader.result(reader.submit("a"))
    assert all(ends(int(path.name)) for path in noted.iterdir())


PROGRAM = """
from ingest.reading.isolation import Limits
from ingest.reading.pool import ParserPool
from tests.faults import deeds

print("begun")
with ParserPool(deeds.do, Limits(seconds=60, memory_mb=512), workers=1) as reader:
    print(reader.result(reader.submit("done")))
"""


def test_the_programs_main_file_is_not_run_again(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    paths = {"PYTHONPATH": str(Path(__file__).parents[3]), "PATH": os.environ["PATH"]}
    command = [sys.executable, str(tmp_path / "program.py")]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, env=paths)
    assert (ran.stdout, ran.stderr) == ("begun\ndone\n", "")
