"""Everything that stores or finds: documents with who may read them, vectors, words, and the way between them.

open.py gives `Indexes`; write.py, delete.py and collections.py change it in the one safe order; search/ reads it.
In order: catalogue/ is the truth; vectors/ and keyword/ are derived from it; embedders/ and rerankers/ are models;
search/ turns a question into hits; upkeep/ keeps the derived parts sound, and versions, backups and the lock.
Imports core.

Order: torch_device, catalogue, embedders, rerankers, vectors, keyword, upkeep, recipe, indexes, open, write, uploads,
delete, collections, search, llamaindex.
"""
