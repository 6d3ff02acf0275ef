"""One file a resource; each route names its scope, and does nothing that another room could.

Order: chat, collections, documents, evaluations, health, index, ingestions, keys, mcp, metrics, models, pages, query,
search, upkeep.
"""
