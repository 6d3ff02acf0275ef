"""The truth in one SQLite file: documents, versions, chunks with their vectors, access, keys and jobs.

In order: schema (tables), migrate (older forms), rows (values), mapping (between both), statements (shared SQL),
catalogue (reading and replacing documents); then a topic a file: structures, groups, closed, duplicates,
collections, jobs, job_documents, keys.
Imports core, search/scope for the SQL of access, and vectors/exact.
"""
