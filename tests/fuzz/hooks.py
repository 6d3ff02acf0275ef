"""Loaded by schemathesis's own program: a made-up source is the one folder of the run, many an id a real one."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import schemathesis

from tests.fuzz.rules import name_real_ones, tame

FOLDER = "documents"
"""Below the working folder."""
KNOWN = Path("known.json")
"""Real ids by the parameter that takes them."""

_chance = random.Random(7)


@schemathesis.hook
def before_call(context: object, case: schemathesis.Case[Any], kwargs: dict[str, Any]) -> None:
    """Tame the request."""
    del context, kwargs
    name_real_ones(case, json.loads(KNOWN.read_text()), _chance)
    tame(case, str(Path(FOLDER).absolute()))
