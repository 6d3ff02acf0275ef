"""The image cannot be built where no engine is; what the Dockerfile names can still be checked to exist."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def instructions() -> list[tuple[str, str]]:
    """(instruction, arguments) in order, continuation lines joined, comments dropped."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [(word, rest) for line in joined.splitlines() if line.strip() for word, rest in [line.split(None, 1)]]


def arguments(name: str) -> list[str]:
    return [rest for word, rest in instructions() if word == name]


@pytest.fixture(scope="module")
def service() -> dict[str, Any]:
    compose: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    found: dict[str, Any] = compose["services"]["touchstone"]
    return found


def test_every_path_that_is_copied_exists_and_is_sent_to_the_engine() -> None:
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {path for rest in arguments("COPY") if "--from" not in rest for path in shlex.split(rest)[:-1]}
    assert copied == sent
    assert [path for path in copied if not (ROOT / path).exists()] == []


def test_the_image_holds_every_package_of_the_project() -> None:
    copied = {path for rest in arguments("COPY") for path in shlex.split(rest)[:-1]}
    assert set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) <= copied


def test_it_is_built_in_stages_from_slim_images_and_runs_as_nobody_special() -> None:
    stages = arguments("FROM")
    assert len(stages) == 2
    assert all("-slim" in stage for stage in stages)
    user = arguments("USER")[-1]
    assert user != "root"
    assert any(f"useradd --uid 10001 --create-home --shell /usr/sbin/nologin {user}" in run for run in arguments("RUN"))


def test_its_command_exists_and_takes_its_flags() -> None:
    command = json.loads(arguments("CMD")[-1])
    assert command[0] in PROJECT["project"]["scripts"]
    help_text = subprocess.run(
        [sys.executable, "-m", "cli", command[1], "--help"], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    assert all(word in help_text for word in command[2:] if word.startswith("--"))


def test_ports_volume_and_health_check_agree(service: dict[str, Any]) -> None:
    (port,) = arguments("EXPOSE")
    environment = " ".join(arguments("ENV"))
    assert f"TOUCHSTONE_SERVER__PORT={port}" in environment
    assert f"127.0.0.1:{port}/healthz" in arguments("HEALTHCHECK")[0]
    assert service["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert f"data:{arguments('VOLUME')[0]}" in service["volumes"]
    assert f"TOUCHSTONE_DATA={arguments('VOLUME')[0]}" in environment


def test_the_variables_it_sets_are_settings_and_none_opens_the_door(
    service: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.settings.load import load

    named = re.findall(r"(TOUCHSTONE_\w+)=(\S+)", " ".join(arguments("ENV")))
    for name, value in [*named, *service.get("environment", {}).items()]:
        monkeypatch.setenv(name, value)
    assert not load().server.allow_anonymous


def test_its_first_start_makes_a_key_in_the_volume(service: dict[str, Any]) -> None:
    command = json.loads(arguments("CMD")[-1])
    assert "command" not in service
    file = command[command.index("--first-key") + 1]
    assert file.startswith(f"{arguments('VOLUME')[0]}/")
    assert f"cat {file.rpartition('/')[2]}" in (ROOT / "compose.yaml").read_text()
    assert arguments("WORKDIR")[-1] == arguments("VOLUME")[0]


def test_the_cpu_build_of_torch_is_a_build_argument(service: dict[str, Any]) -> None:
    assert any(argument.startswith("TORCH_INDEX_URL") for argument in arguments("ARG"))
    assert "TORCH_INDEX_URL" in service["build"]["args"]
