"""`touchstone evaluate`: one file a topic; commands.py puts them together.

Order: importing, material, options, against, check, labels, progress, show, money, results, subject, litmus, plan,
through, run, commands.
"""
