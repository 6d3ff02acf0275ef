"""Values, access rules, settings and errors that every other package agrees on.

Standard library and pydantic only; nothing here opens a file, a socket or a model, except `settings.load`.
"""
