"""One owner a data folder."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from core.errors import DataFolderOwned, SettingsError
from indexes.upkeep.lock import Owner, own, owner_of

HOLD = """
import sys; from pathlib import Path; from indexes.upkeep.lock import own
with own(Path(sys.argv[1])): print(1, flush=True); input()
"""


def test_the_folder_is_made_for_its_user_alone(tmp_path: Path) -> None:
    with own(tmp_path / "a" / "data"):
        assert stat.S_IMODE((tmp_path / "a" / "data").stat().st_mode) == 0o700


def test_a_folder_that_was_there_before_is_closed_to_others_with_all_that_is_written_into_it(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        (tmp_path / "data").mkdir()
        with own(tmp_path / "data"):
            (tmp_path / "data" / "text").write_text("secret")
            (tmp_path / "data" / "uploads").mkdir()
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)
    assert modes == {"data": 0o700, "text": 0o600, "uploads": 0o700, "owner.lock": 0o600}


def test_a_folder_that_all_users_share_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    with pytest.raises(SettingsError, match="is shared by all users of this machine"), own(tmp_path):
        pass
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o1777


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_a_folder_of_somebody_else_that_cannot_be_closed_is_refused() -> None:
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "data"
        folder.mkdir()
        folder.chmod(0o777)
        Path(home).chmod(0o711)
        os.seteuid(65534)
        try:
            with pytest.raises(SettingsError, match="Have its owner run chmod 700"), own(folder):
                pass
        finally:
            os.seteuid(0)


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
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={"PYTHONPATH": str(Path(__file__).parents[3])},
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
