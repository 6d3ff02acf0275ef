"""One owner a data folder."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import DataFolderOwned, SettingsError
from indexes.lock import Owner, own, owner_of

HOLD = """
import sys; from pathlib import Path; from indexes.lock import own
with own(Path(sys.argv[1])): print(1, flush=True); input()
"""


def test_the_folder_is_made_for_its_user_alone(tmp_path: Path) -> None:
    with own(tmp_path / "a" / "data"):
        assert stat.S_IMODE((tmp_path / "a" / "data").stat().st_mode) == 0o700


def test_a_second_owner_is_refused_with_a_sentence_that_names_the_first(tmp_path: Path) -> None:
    with own(tmp_path) as lock:
        lock.announce("http://127.0.0.1:8000")
        with (
            pytest.raises(DataFolderOwned, match=rf"process {os.getpid()}.*http://127\.0\.0\.1:8000.*--data"),
            own(tmp_path),
        ):
            pass


def test_the_owner_can_be_asked_for(tmp_path: Path) -> None:
    assert owner_of(tmp_path / "missing") is None
    with own(tmp_path) as lock:
        assert owner_of(tmp_path) == Owner(pid=os.getpid(), url=None)
        lock.announce("http://127.0.0.1:8000")
        assert owner_of(tmp_path) == Owner(pid=os.getpid(), url="http://127.0.0.1:8000", secret=lock.secret)
    assert owner_of(tmp_path) is None


def test_what_a_lock_file_says_does_not_matter_without_the_lock(tmp_path: Path) -> None:
    (tmp_path / "owner.lock").write_text('{"pid": 1, "url": "http://gone"}')
    assert owner_of(tmp_path) is None


def test_a_killed_owner_owns_nothing(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={"PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"1\n"
        assert owner_of(tmp_path) == Owner(pid=holder.pid, url=None)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with own(tmp_path):
        pass


def test_a_data_folder_that_is_a_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="--data"), own(tmp_path / "file"):
        pass
