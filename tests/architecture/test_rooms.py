"""A package's front page, its `__init__.py`, says the order of its modules: each imports only those before it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("core", "indexes", "ingest", "service", "evaluation", "app", "cli", "touchstone")
PAGES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("__init__.py"))
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts) for name in PACKAGES for path in (ROOT / name).rglob("*.py")
}


def name_of(page: Path) -> str:
    return ".".join(page.parent.relative_to(ROOT).parts)


def order_of(page: Path) -> list[str]:
    told = ast.get_docstring(ast.parse(page.read_text())) or ""
    found = re.search(r"^Order: ([^.]+)\.$", told, re.MULTILINE)
    assert found, "the front page does not end in its order"
    return [name.strip() for name in found.group(1).split(",")]


def imported(path: Path) -> set[str]:
    """The modules of ours that a file imports anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {each if (each := f"{node.module}.{name.name}") in MODULES else node.module for name in node.names}
    return found


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_front_page_names_every_module_and_each_imports_only_what_stands_before_it(page: Path) -> None:
    package, order = name_of(page), order_of(page)
    rooms = [path for path in page.parent.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()]
    assert sorted(order) == sorted(room.stem for room in rooms if not room.stem.startswith("__"))
    for room in rooms:
        if room.stem.startswith("__"):
            continue
        files = [room] if room.suffix == ".py" else sorted(room.rglob("*.py"))
        needed = {each for path in files for each in imported(path) if each.startswith(f"{package}.")}
        siblings = {each.removeprefix(f"{package}.").split(".")[0] for each in needed} - {room.stem}
        assert siblings <= set(order[: order.index(room.stem)]), room.stem
