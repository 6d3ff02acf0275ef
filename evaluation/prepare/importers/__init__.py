"""Question sets of others, one file a form; choose.py knows them by name.

Order: parquet, rows, autorag, beir, financebench, mlflow, ragas, squad, table, trec, choose, write.
"""
