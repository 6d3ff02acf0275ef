"""A few made-up requests to every operation; `make fuzz` sends 20,000 to a service with its jobs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

from core.errors import JobConflict
from core.settings import Settings
from service.api.app import Live, create_app
from service.api.state import Service
from service.api.versions import RebuildOut
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


@pytest.fixture(scope="module")
def url(service: Service) -> Iterator[str]:
    with serving(Live(replace(service, jobs=Busy()), upkeep=Busy()), service.settings) as address:
        yield address


def schema() -> Any:
    found = schemathesis.openapi.from_dict(create_app(Settings(), open_service=nullcontext).openapi())  # type: ignore[arg-type]
    found.config.phases.coverage.enabled = False
    return found


@pytest.mark.filterwarnings("default")
@schema().parametrize()  # type: ignore[untyped-decorator]
@settings(
    max_examples=3,
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
def test_made_up_requests_get_what_is_declared(case: Any, url: str) -> None:
    tame(case, "/no/such/folder")
    schemathesis.checks.load_all_checks()
    case.call_and_validate(base_url=url, checks=schemathesis.checks.CHECKS.get_by_names(CHECKS))
