"""A question becomes a cited answer or a refusal.

answer.py is the line: condense, search, refuse, pack, prompt, models/, cite. cost and check stand beside it.
quoting/ is the built-in model, which answers by quotation. Knows no HTTP.
Imports core and indexes.

Order: refuse, pack, cite, cost, quoting, models, condense, prompt, answer, check.
"""
