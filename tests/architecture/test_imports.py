"""Importing opens nothing and loads nothing heavy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("core", "indexes", "ingest", "service", "evaluation", "app", "cli", "touchstone", "demo")
FOR_OTHERS = {"indexes/llamaindex.py": "its classes are LlamaIndex's; nothing of ours imports it"}
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if path.relative_to(ROOT).as_posix() not in FOR_OTHERS
    and path.name != "__main__.py"
    and "render" not in path.parts
    and path.parts[-2:] != ("demo", "build.py")
)
HEAVY = {
    "torch", "transformers", "sentence_transformers", "chromadb", "onnxruntime", "unstructured", "llama_index",
    "matplotlib", "scipy", "pandas", "pypdfium2", "dbos", "mcp",
}  # fmt: skip


def loaded_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys, json\nprint(json.dumps(sorted(name for name in sys.modules if '.' not in name)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_importing_every_module_loads_no_heavy_library() -> None:
    assert loaded_after("\n".join(f"import {module}" for module in MODULES)) & HEAVY == set()


@pytest.mark.parametrize("module", ["cli.main", "core.settings.load"])
def test_the_command_line_starts_without_a_web_framework_or_a_database(module: str) -> None:
    assert loaded_after(f"import {module}") & (HEAVY | {"fastapi", "uvicorn", "sqlalchemy", "numpy"}) == set()
