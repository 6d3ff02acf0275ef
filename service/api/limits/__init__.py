"""How much a caller may ask at once: rates, concurrency, bodies, disconnect (work for a client that left).

Order: rates, bodies, concurrency, disconnect.
"""
