"""Writes docs/settings.md, docs/cli.md and docs/api.md from the program itself: `python -m cli.reference docs`.

A test writes them again and compares, so a setting, a command or a route without its line fails the build.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

if TYPE_CHECKING:
    from service.api.state import Service

WRITTEN = "<!-- Written by `make docs` from the program. -->\n"


def pages() -> dict[str, str]:
    """Every reference page by its file name."""
    return {"settings.md": settings_page(), "cli.md": cli_page(), "api.md": api_page()}


def settings_page() -> str:
    """Every setting with its variable, default and meaning, section by section."""
    from core.settings.load import Settings
    from core.settings.sections import ModelSettings, Rule, ScheduledSource

    lines = [
        WRITTEN,
        "# Settings\n",
        "In `touchstone.toml`, in the folder where Touchstone is started or wherever `TOUCHSTONE_SETTINGS` says, or as",
        "environment variables, which win. An unknown name is refused at start.\n",
        "| setting | variable | default | meaning |",
        "|---|---|---|---|",
    ]
    sections: list[tuple[str, type[BaseModel]]] = []
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            sections.append((name, field.annotation))
        elif name not in ("models", "schedule"):
            lines.append(_setting_row(name, field))
    for section, model in sections:
        lines += [_setting_row(f"{section}.{name}", field) for name, field in model.model_fields.items()]
    lines += ["\n## Models\n", "One table a model: `[models.NAME]`, or `TOUCHSTONE_MODELS__NAME__FIELD`.\n"]
    lines += _fields(ModelSettings)
    lines += ["\n## Schedule\n", "One table a source: `[schedule.NAME]`, or `TOUCHSTONE_SCHEDULE__NAME__FIELD`.\n"]
    lines += _fields(ScheduledSource)
    lines += [
        "\n## Rules for documents\n",
        "One table a rule: `[[ingest.rules]]`. Their order counts: [ingestion.md](ingestion.md).\n",
    ]
    lines += _fields(Rule)
    return "\n".join(lines) + "\n"


def _fields(model: type[BaseModel]) -> list[str]:
    rows = [f"| `{name}` | {_default(field)} | {field.description} |" for name, field in model.model_fields.items()]
    return ["| field | default | meaning |", "|---|---|---|", *rows]


def _setting_row(path: str, field: FieldInfo) -> str:
    variable = "TOUCHSTONE_" + path.upper().replace(".", "__")
    return f"| `{path}` | `{variable}` | {_default(field)} | {field.description} |"


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "none" if field.default_factory else "required"
    return f"`{field.default}`" if field.default not in ("", None, ()) else "none"


def cli_page() -> str:
    """The help of every command, as one reads it in a terminal 100 columns wide."""
    import typer.main

    from cli.main import app

    root = typer.main.get_command(app)
    lines = [WRITTEN, "# Commands\n"]
    for words, command in _commands(root, ("touchstone",)):
        usage, summary = " ".join(words), (command.help or "").strip().split("\n\n")[0]
        lines += [f"## `{usage}`\n", " ".join(summary.split()) + "\n"]
        options = [_option_row(parameter) for parameter in command.params if parameter.name != "help"]
        if options:
            lines += ["| argument or option | meaning |", "|---|---|", *options, ""]
    return "\n".join(lines)


def _commands(command: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:  # noqa: ANN401 -- click's own types are typer's business
    yield words, command
    for name, child in sorted(getattr(command, "commands", {}).items()):
        yield from _commands(child, (*words, name))


def _option_row(parameter: Any) -> str:  # noqa: ANN401 -- as above
    is_argument = parameter.param_type_name == "argument"
    spelling = parameter.display_name_raw if is_argument else ", ".join(parameter.opts)
    return f"| `{spelling}` | {' '.join((getattr(parameter, 'help', '') or '').split())} |"


def api_page() -> str:
    """Every route of the OpenAPI description, with its statuses and its name in the table of operations."""
    from app.operations import OPERATIONS
    from core.settings.load import load
    from service.api.app import create_app

    names = {(each.method, each.path): f"`{each.name}`" for each in OPERATIONS}
    description = create_app(load(), open_service=_not_opened).openapi()
    lines = [WRITTEN, "# API\n", "OpenAPI at `/openapi.json`, to read at `/docs`.\n"]
    lines += ["Commands work through the operations named here; methods of `touchstone.Client` have the same names.\n"]
    lines += ["| method and path | what | replies | operation |", "|---|---|---|---|"]
    for path, methods in description["paths"].items():
        for method, route in methods.items():
            replies = ", ".join(sorted(route["responses"]))
            name = names.get((method.upper(), path), "")
            lines.append(f"| `{method.upper()} {path}` | {route.get('summary', '')} | {replies} | {name} |")
    lines.append(
        "\nEvery error is a problem detail, RFC 9457: `type`, `title`, `status`, `detail`, `code`, `request_id`.\n\n"
        "Assistants call tools at `/mcp`. [clients.md](clients.md) has programs that use the API with `openai`, "
        "LangChain and LlamaIndex, and how an assistant is told of it."
    )
    return "\n".join(lines) + "\n"


def _not_opened() -> AbstractContextManager[Service]:
    raise AssertionError("the description of an API needs no open service")


def write(folder: Path) -> None:
    """Write every page into `folder`."""
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
