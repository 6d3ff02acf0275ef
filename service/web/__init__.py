"""The pages, rendered on the server: page.py and its templates.

Order: page.
"""
