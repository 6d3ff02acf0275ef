"""Loaded by schemathesis's own program: every made-up source is the one folder of the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import schemathesis

from tests.fuzz.rules import tame

FOLDER = "documents"
"""Below the working folder."""


@schemathesis.hook
def before_call(context: object, case: schemathesis.Case[Any], kwargs: dict[str, Any]) -> None:
    """Tame the request."""
    del context, kwargs
    tame(case, str(Path(FOLDER).absolute()))
