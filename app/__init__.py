"""Composes the packages into what a command or a client can ask for.

engine (all that can be asked for, as a protocol), operations (the same as a table of requests), local (on the data
folder), remote (through the service that owns it), foresee (what an ingestion would do, for both); upkeep, evaluations
and evaluation_store run in the service.
Imports everything below; knows no command line.

Order: engine, operations, remote, foresee, upkeep, local, evaluation_store, evaluations.
"""
