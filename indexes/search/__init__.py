"""From a question to hits.

In order: rank (fusion and weighing, pure functions), search (candidates of both indexes, ranked, read), trace (why a
document ended where it did). Which documents a caller may find is decided in catalogue/scope.
Imports core, catalogue/, and the protocols of vectors/, keyword/, embedders/ and rerankers/.

Order: rank, search, trace.
"""
