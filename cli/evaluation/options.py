"""What several commands of `touchstone evaluate` take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Dataset = Annotated[Path, typer.Argument(metavar="DATASET", help="A question file in JSON lines.")]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")]
NoText = Annotated[bool, typer.Option("--no-text", help="Leave questions, answers and quotes out of the reports.")]
