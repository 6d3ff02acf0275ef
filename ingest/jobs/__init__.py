"""Ingestion jobs that outlive their process.

In order: engine (DBOS; the only file that imports it), schedule (sources that are ingested again and again).
Imports core, indexes and the line in ingest.

Order: engine, schedule.
"""
