"""From a question to hits.

In order: scope (which documents the caller may find), search (candidates of both indexes, ranked, read), rank (fusion
and weighing, pure functions), trace (why a document ended where it did).
Imports core, catalogue/, and the protocols of vectors/, keyword/, embedders/ and rerankers/.
"""
