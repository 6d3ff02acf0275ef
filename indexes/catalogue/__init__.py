"""The truth in one SQLite file: documents, versions, chunks with their vectors, access, keys and jobs.

In order: migrate (older forms), schema (tables), rows (values), mapping (between both), statements (shared SQL), scope
(access as SQL), exact (every vector compared), catalogue (reading and replacing documents); then a topic a file:
structures, groups, closed, duplicates, jobs, job_documents, keys.
Imports core.

Order: migrate, schema, rows, mapping, keys, statements, jobs, scope, exact, job_documents, catalogue, structures,
groups, closed, duplicates.
"""
