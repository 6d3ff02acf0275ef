"""Every setting: what it is called, what it means, and what it is by itself.

In order: sections (the tables of the settings file), service (those of the API server), load (file and environment).
Only load.py reads the environment.

Order: sections, service, load.
"""
