"""The command line: one file a verb parses, calls one operation and prints.

main.py puts the verbs together; engine opens what they work through; options and output are what they share.
Imports app and what is below it.

Order: ask, care, demo, demo_command, documents, engine, evaluation, index, ingest, jobs, keys, main, mcp, models,
options, output, reference, requirements, search, serve, watch.
"""
