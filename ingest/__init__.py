"""A source file becomes chunks in the index.

pipeline.py is the line: discover, plan, reading/ (fetch, parse, cut), describe, store. Beside it: permitted (on whose
behalf), outcomes (what became of each document), rebuild, changeover and recut (the same for another version).
jobs/ keeps jobs alive over processes; sources/ and parsers/ have one file a place and one a format.
Imports core and indexes; never service.
"""
