"""What is checked of every reply, and what made-up requests name: never folders of this machine, nor other models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import schemathesis

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
)
# What breaks the description may be refused for its size before all else; what a form sends is text, whatever it was.
CONFIGURATION = """
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "409", "413", "415", "422", "429", "5xx"]

[[operations]]
include-name = "POST /v1/ingestions"
checks.negative_data_rejection.enabled = false
"""

REAL, REMOVED = 0.5, 0.02
"""The share of valid requests that name something real, and of those that remove it."""


def name_real_ones(case: schemathesis.Case[Any], known: Mapping[str, Sequence[str]], chance: Random) -> None:
    """Put an id that exists in place of a made-up one, in a part of the requests that are meant to be valid."""
    share = REMOVED if case.method == "DELETE" else REAL
    if case.meta is None or not case.meta.generation.mode.is_positive or chance.random() >= share:
        return
    for name, ids in known.items():
        if name in (case.path_parameters or {}):
            case.path_parameters = {**case.path_parameters, name: chance.choice(ids)}


def tame(case: schemathesis.Case[Any], folder: str) -> None:
    """Put `folder` in place of a source that was made up, and no embedder in place of another one."""
    body: object = case.body
    if not isinstance(body, dict):
        return
    if case.path.startswith("/v1/ingestions") and isinstance(body.get("source"), str) and body["source"].strip("\x00 "):
        case.body = {**body, "source": folder}
    elif case.path == "/v1/index/rebuild" and body.get("embedder") is not None:
        case.body = {name: value for name, value in body.items() if name != "embedder"}
