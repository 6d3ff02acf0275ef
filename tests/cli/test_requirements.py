"""A requirements file has the hash of every archive, and pip refuses any other."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from cli import requirements


def archive(name: str, file: str, **hashes: str) -> dict[str, Any]:
    origin = {"url": f"https://files.example/{file}", "archive_info": {"hashes": hashes}}
    return {"download_info": origin, "metadata": {"name": name, "version": "1.0"}}


def report(*entries: dict[str, Any]) -> dict[str, Any]:
    itself = {"download_info": {"url": "file:///src", "dir_info": {}}, "metadata": {"name": "it", "version": "0"}}
    machine = {"python_version": "3.11", "sys_platform": "linux", "platform_machine": "x86_64"}
    return {"environment": machine, "install": [itself, *entries]}


def test_every_archive_has_a_line_with_its_hash_and_no_address() -> None:
    made = report(
        archive("torch", "torch-1.0+cpu-cp311-cp311-linux_x86_64.whl", sha256="b2", md5="0"),
        archive("Old", "old-1.0.tar.gz", sha256="a1"),
    )
    machine, *lines = requirements.lines(made)
    assert lines == ["Old==1.0 --hash=sha256:a1", "torch==1.0 --hash=sha256:b2"]
    assert machine.startswith("# For Python 3.11 on linux, x86_64.")
    assert requirements.built(made) == ["Old 1.0"]


def test_an_archive_without_a_hash_is_refused() -> None:
    with pytest.raises(SystemExit, match=r"no SHA-256 of torch 1\.0"):
        requirements.lines(report(archive("torch", "torch-1.0-py3-none-any.whl", md5="0")))


def wheel(folder: Path, says: str) -> None:
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / "tiny-1.0-py3-none-any.whl", "w") as file:
        file.writestr("tiny.py", f"SAYS = {says!r}\n")
        file.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        file.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr("tiny-1.0.dist-info/RECORD", "")


def test_a_wheel_that_was_tampered_with_is_not_installed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    wheel(tmp_path / "wheels", "as it was published")
    offline = ("--no-index", f"--find-links={tmp_path / 'wheels'}")
    requirements.main([*offline, "--project=tiny"])
    (tmp_path / "requirements.txt").write_text(capfd.readouterr().out)
    install = [
        *(sys.executable, "-m", "pip", "install", "--require-hashes", "--no-deps", *offline),
        *("--requirement", str(tmp_path / "requirements.txt"), "--target"),
    ]
    subprocess.run([*install, str(tmp_path / "good")], check=True, capture_output=True)
    assert (tmp_path / "good/tiny.py").read_text() == "SAYS = 'as it was published'\n"
    wheel(tmp_path / "wheels", "something else")
    done = subprocess.run([*install, str(tmp_path / "bad")], check=False, capture_output=True, text=True)
    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert not (tmp_path / "bad/tiny.py").exists()
