"""What keeps a data folder in order.

In order: lock (one owner), checksums (what changed while it was closed), versions, carry_over and overview (whole
indexes beside each other), derived and guarded (a store that can be made again), refill (its making), health, check,
recall (may a new version be served), caretaker (all of it over an open folder), backup.
Imports core, catalogue/ and the protocols of what is kept in order.

Order: checksums, lock, versions, carry_over, overview, refill, health, derived, guarded, check, recall, caretaker,
backup.
"""
