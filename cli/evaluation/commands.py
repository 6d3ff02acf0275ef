"""`touchstone evaluate`: its commands, put together. One file a topic beside this one."""

from __future__ import annotations

import typer

from cli.evaluation import against, check, importing, labels, litmus, material, money, plan, results, run

app = typer.Typer(help="Measure the rungs on the same questions, and say which one pays.", no_args_is_help=True)
app.command("init")(material.init)
app.command("check")(check.check)
app.command("import")(importing.import_questions)
app.command("plan")(plan.plan)
app.command("litmus")(litmus.litmus)
app.command("run")(run.run)
app.command("score")(results.score)
app.command("label")(labels.label)
app.command("calibrate")(labels.calibrate)
app.command("synth")(material.synth)
app.command("export")(material.export)
app.command("report")(results.report)
app.command("roi")(money.roi)
app.command("compare")(against.compare)
app.command("gate")(against.gate)
