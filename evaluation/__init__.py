"""Does retrieval pay? Dataset, run, score, aggregate, verdict, report.

evaluate.py is the line; each arrow is a file. In order: dataset, prepare/ (questions before a run), run/, scoring/,
statistics/, money/, results (all tables), report/, compare_runs.
Imports core, indexes, ingest and service.answering; never HTTP.
"""
