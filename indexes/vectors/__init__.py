"""Which chunks mean what a question means.

In order: protocol, exact (every vector compared: the measure of the others), chroma (the only file that imports
chromadb), process (Chroma in a process of its own), probe (is a store fit to be opened), guarded (answers while it is
not), choose.
Imports core, catalogue/ and upkeep/derived.
"""
