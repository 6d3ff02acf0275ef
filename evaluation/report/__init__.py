"""A run on paper: write.py makes report.html, report.md, CSV sheets and junit.xml; gate.py judges it for CI.

Order: gate, view, junit, charts, questions, html, sheets, markdown, redact, write.
"""
