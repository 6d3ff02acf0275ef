"""Answering by quotation: the parts of the built-in model."""
