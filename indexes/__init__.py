"""Everything that stores or finds: documents with who may read them, vectors, words, and the way between them.

open.py gives `Indexes`, read_only.py those of a folder that another process owns; write.py, delete.py and
collections.py change it in the one safe order; search/ reads it.
In order: versions.py says which of several indexes is live; catalogue/ is the truth; vectors/ and keyword/ are derived
from it; embedders/ and rerankers/ are models; uploads.py keeps the files that callers send; upkeep/ keeps the derived
parts sound; search/ turns a question into hits; cutover/ and backup.py put one whole index in another's place.
Imports core.

Order: torch_device, versions, embedders, rerankers, catalogue, vectors, keyword, uploads, upkeep, recipe, indexes,
write, open, read_only, delete, collections, search, cutover, backup, llamaindex.
"""
