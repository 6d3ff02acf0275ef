"""Where files come from, one file a kind of place, behind one protocol.

In order: protocol, folder, bucket (the only file that imports fsspec), web (reach.py decides what may be fetched),
remote and scratch (files of elsewhere as local ones).
Imports core only.

Order: protocol, folder, reach, scratch, remote, bucket, web.
"""
