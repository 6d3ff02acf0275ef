"""Which chunks mean what a question means.

In order: protocol, chroma (the only file that imports chromadb), process (Chroma in a process of its own), probe (is
a store fit to be opened), guarded (answers while it is not), choose.
Imports core, catalogue/ and upkeep/derived.

Order: protocol, chroma, process, choose, probe, guarded.
"""
