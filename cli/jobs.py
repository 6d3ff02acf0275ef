"""`touchstone jobs`: what was ingested when, and how it went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Data, Json, settings_of
from cli.output import print_json, say, table

if TYPE_CHECKING:
    from service.api.wire.jobs import JobDetail

app = typer.Typer(help="List, show, cancel and retry ingestion jobs.", no_args_is_help=True)

Job = Annotated[str, typer.Argument(metavar="JOB", help="Its id, as 'jobs list' shows it.")]


@app.command("list")
def list_jobs(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100, metavar="N", help="Most jobs.")] = 20,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """List the latest jobs, newest first."""
    from cli.engine import open_engine
    from service.api.wire.jobs import JobsOut

    with open_engine(settings_of(context, data), reading=True) as engine:
        jobs = tuple(engine.jobs(limit))
    if as_json:
        print_json(JobsOut(jobs=jobs))
    elif jobs:
        rows = [
            [
                job.job_id,
                job.state.lower().replace("_", " "),
                job.collection,
                _time(job.created)[:19],
                job.source,
            ]
            for job in jobs
        ]
        table(["job", "state", "collection", "asked for (UTC)", "source"], rows)
    else:
        say("No jobs yet.")


@app.command("show")
def show(context: typer.Context, job: Job, as_json: Json = False, data: Data = None) -> None:
    """Show how far a job is, and what it did with every file it did not simply index."""
    from cli.engine import open_engine
    from cli.ingest import show as show_job

    with open_engine(settings_of(context, data), reading=True) as engine:
        found = engine.job(job)
    if as_json:
        print_json(found)
        return
    for name, value in _history(found):
        say((f"{name:<14}", "dim"), value)
    show_job(found)


@app.command("cancel")
def cancel(context: typer.Context, job: Job, as_json: Json = False, data: Data = None) -> None:
    """End a job before its next document; what it wrote until then stays."""
    from cli.engine import open_engine

    with open_engine(settings_of(context, data)) as engine:
        found = engine.cancel(job)
    if as_json:
        print_json(found)
    elif found.cancelling:
        say(f"Job {found.job_id} ends before its next document.")
    else:
        say(f"Job {found.job_id} is cancelled.")


@app.command("retry")
def retry(context: typer.Context, job: Job, as_json: Json = False, data: Data = None) -> None:
    """Take a job up again: what failed, or, if it did not get to its end, all that is left."""
    from cli.engine import open_engine
    from cli.ingest import progress_on_screen, raise_for
    from cli.ingest import show as show_job

    with open_engine(settings_of(context, data)) as engine, progress_on_screen(job) as watch:
        done = engine.retry(job, watch)
    if as_json:
        print_json(done)
    else:
        show_job(done)
    raise_for(done)


def _history(job: JobDetail) -> list[tuple[str, str]]:
    """What is known of a job besides its counts."""
    state = job.state.lower().replace("_", " ") + (", being cancelled" if job.cancelling else "")
    waited = f"{job.queued_seconds:.1f} s" if job.started or job.finished else f"{job.queued_seconds:.0f} s so far"
    lines = [("job", f"{job.job_id}, {state}"), ("source", f"{job.source} into {job.collection}")]
    lines += [("asked for", _time(job.created)), ("waited", waited)]
    for name, value in (("started", job.started), ("last sign", job.heartbeat), ("ended", job.finished)):
        lines += [(name, _time(value))] if value else []
    lines += [("attempt", str(job.attempt))] if job.attempt > 1 else []
    return [*lines, ("last success", _time(job.last_success) if job.last_success else "never")]


def _time(moment: str) -> str:
    return f"{moment.replace('T', ' ')[:19]} UTC"
