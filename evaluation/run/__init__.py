"""Every question to every rung, each answer on disk as it comes.

In order: subject (what is measured), rungs and contexts (the ladder), manifest and splits (may this run be gone on
with), budget, ledger and records (what is kept), concurrency, run.

Order: contexts, rungs, subject, budget, manifest, splits, records, ledger, concurrency, run.
"""
