"""The command line: one file a verb parses, calls one operation and prints.

main.py puts the verbs together; engine opens what they work through; options, output and exits are what they share.
Imports app and what is below it.

Order: options, output, exits, watch, requirements, engine, serve, settings, evaluation, models, ask, care, documents,
ingest, keys, mcp, search, index, demo, jobs, demo_command, main, reference.
"""
