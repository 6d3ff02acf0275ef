"""A page of HTML made fit to be read: what is content, its tables as grids, raised marks apart from figures.

Order: tables, clean.
"""
