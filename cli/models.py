"""`touchstone models`: what questions can be put to."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Data, Json, settings_of
from cli.output import print_json, remark, table

if TYPE_CHECKING:
    from service.answering.check import Checked

app = typer.Typer(help="List the models that questions can be put to, and try them.", no_args_is_help=True)


@app.callback()
def models() -> None:
    """List the models that questions can be put to, and try them."""


@app.command("list")
def list_models(context: typer.Context, as_json: Json = False, data: Data = None) -> None:
    """List the models of the settings."""
    from service.api.wire.documents import ModelsOut

    settings = settings_of(context, data)
    if as_json:
        print_json(ModelsOut.of(settings))
        return
    rows = []
    for name, model in settings.all_models().items():
        price = f"${model.price.input} in, ${model.price.output} out" if model.price else "none"
        if model.price and not model.price.input and not model.price.output:
            price = "free"
        default = "default" if name == settings.default_model() else ""
        rows.append([name, model.kind, model.model, model.base_url, price, default])
    table(["model", "kind", "name at its server", "server", "price per million tokens", ""], rows)


@app.command("check")
def check_models(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One model; all when left out.")] = None,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Put one tiny question to each model, and say what works."""
    from cli.exits import EXIT_USAGE
    from indexes.embedders.choose import choose_embedder
    from service.answering.check import check

    settings = settings_of(context, data)
    names = [settings.model(name)[0]] if name else list(settings.all_models())
    embedder = choose_embedder(settings.embedder)
    checked = [check(settings, each, embedder) for each in names]
    if as_json:
        print_json({"models": [asdict(each) for each in checked]})
    else:
        table(["model", "works", "form", "streams", "usage", "price", "seconds"], [_row(each) for each in checked])
        for each in checked:
            remark(f"{each.model}: {each.detail.rstrip('.')}.")
    if not all(each.works for each in checked):
        raise typer.Exit(EXIT_USAGE)


def _row(seen: Checked) -> list[str]:
    told = [_word(known) for known in (seen.streams, seen.usage, seen.price)]
    return [seen.model, _word(seen.works), seen.structured or "-", *told, f"{seen.seconds:.1f}"]


def _word(known: bool | None) -> str:  # noqa: FBT001 -- a cell of a table
    return "-" if known is None else "yes" if known else "no"
