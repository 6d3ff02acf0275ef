"""Which chunks hold the words of a question.

In order: protocol, query (the words that count), tantivy (BM25; the only file that imports tantivy), guarded (finds
nothing while its store is broken), choose.
Imports core, catalogue/ and upkeep/derived.

Order: protocol, query, tantivy, choose, guarded.
"""
