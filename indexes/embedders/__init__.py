"""Texts to vectors, each model behind one protocol.

In order: protocol, hashing (no model), minilm (onnxruntime; export makes its file), sentence_transformer, openai,
bulk and cached (wrappers), fingerprint, choose (by the name in the settings).
Imports core only; a library stays in the file that is named after it.

Order: protocol, hashing, export, openai, bulk, cached, fingerprint, minilm, sentence_transformer, choose.
"""
