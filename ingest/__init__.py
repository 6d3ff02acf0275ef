"""A source file becomes chunks in the index.

pipeline.py is the line: open_source, discover, plan, reading/ (fetch, parse, cut), describe, store. work.py is what its
steps share, record.py a job's row; permitted: on whose behalf; outcomes: what became of each document; rebuild,
changeover and recut: the same for another version of the index.
jobs/ keeps jobs alive over processes; sources/ and parsers/ have one file a place and one a format.
Imports core and indexes; never service.

Order: describe, outcomes, discover, chunking, parsers, reading, sources, work, record, permitted, open_source, plan,
store, pipeline, recut, rebuild, changeover, jobs.
"""
