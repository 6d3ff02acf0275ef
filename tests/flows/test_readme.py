"""The README's commands do what the README says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from core.settings.load import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
COMMANDS = [
    line.removeprefix("$ ")
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("$ ")
]


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder with what a clone has there, an own folder of contracts at home, and a plain environment."""
    here = tmp_path_factory.mktemp("clone")
    (here / "demo").symlink_to(ROOT / "demo")
    home = tmp_path_factory.mktemp("home")
    (home / "contracts").symlink_to(ROOT / "demo" / "documents" / "contracts")
    path = os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"])
    cache = str(Settings().embedder.cache.expanduser())
    return here, {"PATH": path, "HOME": str(home), "TOUCHSTONE_EMBEDDER__CACHE": cache}


@pytest.mark.model
def test_the_commands_run_in_the_order_in_which_they_stand(newcomer: tuple[Path, dict[str, str]]) -> None:
    here, environment = newcomer
    printed = {}
    for command in [command for command in COMMANDS if "serve" not in command]:
        done = subprocess.run(
            ["bash", "-c", command], cwd=here, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        printed[command] = done.stdout
    assert "52 indexed" in printed[COMMANDS[0]]
    assert "£175" in printed[COMMANDS[1]]
    assert "travel-policy-2026.pdf, page 1" in printed[COMMANDS[1]]
    assert printed[COMMANDS[2]].startswith("No answer.")
    assert (here / "runs/demo/report.html").stat().st_size > 10_000
    client, index, retriever = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    python = {**environment, "PYTHONPATH": str(ROOT)}
    found = subprocess.run([sys.executable, "-c", retriever], cwd=here, env=python, capture_output=True, text=True)
    assert "policies/travel-policy-2026.pdf 1" in found.stdout, found.stderr
    told = subprocess.run([sys.executable, "-c", index], cwd=here, env=python, capture_output=True, text=True)
    assert "£175 policies/travel-policy-2026.pdf 1" in told.stdout, told.stderr
    serve = [sys.executable, "-m", "cli", "serve", "--port", "0"]
    with subprocess.Popen(serve, cwd=here, env=python, stderr=subprocess.PIPE, text=True) as service:
        assert service.stderr
        served = re.search(r"http://\S+", service.stderr.readline())
        address = served.group() if served else "nowhere"
        asked = [sys.executable, "-c", client.replace("http://127.0.0.1:8000", address)]
        answered = subprocess.run(asked, cwd=here, env=python, capture_output=True, text=True)
        service.terminate()
    assert "£175 policies/travel-policy-2026.pdf" in answered.stdout, answered.stderr


def test_the_two_commands_are_targets_of_the_makefile() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {shlex.split(line)[1] for line in re.findall(r"^ {4}(make \w+)", README, re.MULTILINE)} <= set(targets)


def test_the_settings_it_shows_are_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.settings.load import load

    (example,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    (tmp_path / "touchstone.toml").write_text(example)
    monkeypatch.chdir(tmp_path)
    assert load().model(None)[0] == "main"
