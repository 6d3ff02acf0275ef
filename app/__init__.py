"""Composes the packages into what a command or a client can ask for.

engine (every operation, as a protocol), local (on the data folder), remote (through the service that owns it); upkeep,
evaluations and evaluation_store run in the service's process.
Imports everything below; knows no command line.

Order: engine, remote, upkeep, local, evaluation_store, evaluations.
"""
