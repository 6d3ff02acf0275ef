"""Who is calling, and from which page.

caller (key or token to a principal), oidc (the only file that imports PyJWT), sources (what a caller may have
ingested). What follows from it is decided in core/access.py.

Order: oidc, caller, sources.
"""
