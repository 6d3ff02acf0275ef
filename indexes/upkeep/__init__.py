"""What keeps an open index in order.

In order: checksums (what changed while it was closed), lock (one owner), health (what is out of order now), state
(what the next process finds), refill (filling a derived index from the catalogue), derived (a store that can be filled
again), derived_indexes (which answer whatever became of their store), check (all of it compared), caretaker (all of it
over an open folder).
Imports core, catalogue/, uploads, and the vectors and words that are kept in order.

Order: checksums, lock, health, state, refill, derived, derived_indexes, check, caretaker.
"""
