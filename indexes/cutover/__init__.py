"""One version of the index gives way to another.

In order: overview (the versions of a data folder, told without opening them), recall (may a new one be served),
carry_over (what goes along to it, or back).
Imports core, catalogue/, upkeep/ and the modules that open and write an index.

Order: overview, recall, carry_over.
"""
