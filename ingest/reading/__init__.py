"""One file becomes a draft, in a process that it may take down.

In order: read (fetched, parsed, cut), isolation (a process with limits), pool (several of them), prefetch (in order,
ahead of the writer), pages (pictures of PDF pages).
Imports core, chunking/, parsers/ and sources/.

Order: read, isolation, pool, prefetch, pages.
"""
