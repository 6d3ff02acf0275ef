"""A document is cut into chunks: structure first, word pieces second.

In order: sections (the outline), units (what is kept whole), plain (mark-up out), chunk (the cutting).
Pure functions; imports core.

Order: plain, sections, units, chunk.
"""
