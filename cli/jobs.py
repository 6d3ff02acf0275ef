"""`touchstone jobs`: what was ingested when, and how it went."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.options import Data, Json, settings_of
from cli.output import print_json, say, table

app = typer.Typer(help="List and show ingestion jobs.", no_args_is_help=True)


@app.command("list")
def list_jobs(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100, metavar="N", help="Most jobs.")] = 20,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """List the latest jobs, newest first."""
    from cli.engine import open_engine
    from service.api.records import JobsOut

    with open_engine(settings_of(context, data)) as engine:
        jobs = tuple(engine.jobs(limit))
    if as_json:
        print_json(JobsOut(jobs=jobs))
    elif jobs:
        rows = [
            [
                job.job_id,
                job.state.lower().replace("_", " "),
                job.collection,
                job.created.replace("T", " ")[:19],
                job.source,
            ]
            for job in jobs
        ]
        table(["job", "state", "collection", "started (UTC)", "source"], rows)
    else:
        say("No jobs yet.")


@app.command("show")
def show(
    context: typer.Context,
    job: Annotated[str, typer.Argument(metavar="JOB", help="Its id, as 'jobs list' shows it.")],
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Show what a job did with every file it did not simply index."""
    from cli.engine import open_engine
    from cli.ingest import show as show_job

    with open_engine(settings_of(context, data)) as engine:
        found = engine.job(job)
    if as_json:
        print_json(found)
    else:
        say((f"{found.job_id}  {found.state.lower().replace('_', ' ')}", "dim"))
        show_job(found)
