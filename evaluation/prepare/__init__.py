"""Questions before a run.

In order: importers/ (from other forms), synth and starter (to begin with), check (what is wrong with them), sample,
plan (what a run would cost and could show), litmus (can search help at all), export (for other tools).

Order: importers, synth, starter, check, sample, plan, litmus, export.
"""
