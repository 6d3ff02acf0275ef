"""A few made-up requests to every operation; `make fuzz` sends 20,000 to a service with its jobs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

from app.evaluations import EvaluationRuns
from app.foresee import foresee
from core.errors import JobConflict
from core.settings.load import Settings
from indexes.open import open_indexes
from service.api.app import create_app
from service.api.live import Live
from service.api.state import Service
from service.api.wire.keys import KeyIn
from service.api.wire.versions import RebuildOut
from tests.fuzz.rules import CHECKS, tame
from tests.service.api.serving import serving

schemathesis = pytest.importorskip("schemathesis")


class Busy:
    """Jobs and upkeep of a service that is at something else."""

    def submit(self, *given: object, **more: object) -> Any:
        raise JobConflict("Something else is at work.")

    cancel = retry = rebuild = roll_back = prune = submit

    def overview(self) -> tuple[()]:
        return ()

    def rebuilding(self) -> RebuildOut:
        return RebuildOut(state="RUNNING")


@dataclass(frozen=True)
class Caller:
    """Where the service is, and how to get in."""

    url: str
    headers: dict[str, str]


@pytest.fixture(scope="module")
def caller(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    """An administrator of a service of its own: made-up requests make keys too, and collections."""
    own = service.settings.model_copy(update={"data": tmp_path_factory.mktemp("fuzzed")})
    with open_indexes(own) as indexes:
        _, key = indexes.catalogue.keys.make(KeyIn(name="fuzz", scopes=("admin",)).row())
        parts = replace(service, settings=own, indexes=indexes, jobs=Busy(), foresee=partial(foresee, indexes, own))
        busy = Live(parts, upkeep=Busy())
        busy.evaluations = EvaluationRuns(own, busy)
        with serving(busy, own) as address:
            yield Caller(address, {"Authorization": f"Bearer {key}"})


def schema() -> Any:
    found = schemathesis.openapi.from_dict(create_app(Settings(), open_service=nullcontext).openapi())  # type: ignore[arg-type]
    found.config.phases.coverage.enabled = False
    return found


@pytest.mark.filterwarnings("default")
@schema().parametrize()
@settings(
    max_examples=3,
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
def test_made_up_requests_get_what_is_declared(case: Any, caller: Caller) -> None:
    tame(case, "/no/such/folder")
    schemathesis.checks.load_all_checks()
    checks = schemathesis.checks.CHECKS.get_by_names(CHECKS)
    case.call_and_validate(base_url=caller.url, headers=caller.headers, checks=checks)
