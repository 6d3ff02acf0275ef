"""Which chunks mean what a question means.

In order: protocol, chroma (the only file that imports chromadb), process (Chroma in a process of its own), choose,
probe (is a store fit to be opened).
Imports core and embedders/protocol.

Order: protocol, chroma, process, choose, probe.
"""
