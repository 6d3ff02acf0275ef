"""A second look at the best hits, behind one protocol.

In order: protocol, keep_order (none), cross_encoder (sentence-transformers), choose. Imports core only.

Order: protocol, keep_order, cross_encoder, choose.
"""
