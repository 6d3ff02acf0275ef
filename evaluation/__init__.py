"""Does retrieval pay? Dataset, run, score, aggregate, verdict, report.

evaluate.py is the line; each arrow is a file. In order: dataset, gold (where its evidence stands), run/, scoring/,
statistics/, money/, aggregate (the ladder), results (all tables), report/; prepare/ before a run, labels (what people
say) and compare_runs after it.
Imports core, indexes, ingest and service.answering; never HTTP.

Order: dataset, gold, run, scoring, statistics, money, aggregate, prepare, compare_runs, cells, labels, results,
report, evaluate.
"""
