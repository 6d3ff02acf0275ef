"""No sequence of requests tells anybody a word of a document that is not for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from app.evaluations import EvaluationRuns
from app.foresee import foresee
from core.settings.load import Settings
from core.settings.sections import EmbedderSettings, EvaluationSettings, IngestSettings
from core.settings.service import ServerSettings
from indexes.open import open_indexes
from service.answering.models.choose import open_model
from service.api.app import create_app
from service.api.live import Live
from service.api.state import Service
from tests.service.api.at_once import AtOnce
from tests.service.api.callers import Caller
from tests.service.api.leaks import MEMBERS, Leaks, World
from tests.service.api.shared import RULES

QUICK = EvaluationSettings(resamples=100)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    sources = tmp_path / "sources"
    sources.mkdir()
    chosen = Settings(
        data=tmp_path / "data",
        embedder=EmbedderSettings(kind="hashing"),
        evaluation=QUICK,
        ingest=IngestSettings(rules=RULES),
        server=ServerSettings(sources=(str(sources / "shared"),)),
    )
    with open_indexes(chosen) as indexes:
        model = open_model(chosen, None, indexes.embedder)
        service = Service(
            settings=chosen,
            indexes=indexes,
            jobs=AtOnce(indexes, chosen),
            foresee=partial(foresee, indexes, chosen),
            models=lambda name: model if not name else open_model(chosen, name, indexes.embedder),
        )
        live = Live(service)
        live.evaluations = EvaluationRuns(chosen, live)
        app = create_app(chosen, open_service=lambda: nullcontext(live))
        with TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False) as client:
            root = Caller(client, client.post("/v1/keys", json={"name": "root", "scopes": ["admin"]}).json()["key"])
            callers = {
                name: root.made(name=name, scopes=["query", "ingest", "evaluate"], groups=sorted(groups))
                for name, groups in MEMBERS.items()
                if name != "root"
            }
            yield World({"root": root, **callers}, sources)


def run(world: World, *, runs: int, steps: int, always_the_same: bool) -> None:
    machine = type("Leaks", (Leaks,), {"world": world})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=runs,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            derandomize=always_the_same,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_nobody_is_told_of_what_is_not_for_them(world: World) -> None:
    run(world, runs=3, steps=40, always_the_same=True)
    assert world.checked


@pytest.mark.slow
@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize("tenth", range(10))
def test_nobody_is_told_of_what_is_not_for_them_in_500_runs_of_100_steps(world: World, tenth: int) -> None:
    run(world, runs=50, steps=100, always_the_same=False)
    print(f"{tenth}: {world.replies:,} replies, {world.checked:,} allowed words in them, and no other")  # noqa: T201
