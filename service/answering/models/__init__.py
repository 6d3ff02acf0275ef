"""The models that read passages, each behind one protocol.

In order: protocol, reply (a draft out of any reply), failures, streaming, openai (any compatible server), extractive
(the built-in one, from ../quoting), scripted (for tests), choose.

Order: protocol, reply, failures, streaming, openai, extractive, scripted, choose.
"""
