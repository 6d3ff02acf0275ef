"""Ingestion jobs that outlive their process.

In order: work (what the steps share), record (a job's row from asked to ended), engine (DBOS; the only file that
imports it), schedule (sources that are ingested again and again).
Imports core, indexes and the line in ingest.
"""
