"""Which chunks hold the words of a question.

In order: protocol, query (the words that count), tantivy (BM25; the only file that imports tantivy), choose.
Imports core and catalogue/rows.

Order: protocol, query, tantivy, choose.
"""
