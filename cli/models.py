"""`touchstone models`: what questions can be put to."""

from __future__ import annotations

import typer

from cli.options import Data, Json, settings_of
from cli.output import print_json, table

app = typer.Typer(help="List the models that questions can be put to.", no_args_is_help=True)


@app.callback()
def models() -> None:
    """List the models that questions can be put to."""


@app.command("list")
def list_models(context: typer.Context, as_json: Json = False, data: Data = None) -> None:
    """List the models of the settings."""
    from service.api.records import ModelsOut

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
