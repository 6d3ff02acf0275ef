"""What goes over the wire, and what `--json` prints: one file a resource.

message.py is what every message is made of: unknown fields of a request are refused.

Order: message, documents, evaluations, jobs, keys, searches, questions, chat, upkeep, versions.
"""
