"""Values, access rules, settings and errors that every other package agrees on.

Values: answers, documents, filters, ids, keys, sources, errors. Rules: access, globs, deadline.
The process and its machine: logs, machine, files, caches, terminal, panics, text. settings/ holds every setting.
Imports the standard library and pydantic only; nothing here opens a file, a socket or a model, except `settings.load`.

Order: errors, access, documents, answers, ids, keys, globs, settings, sources, filters, deadline, machine, files,
caches, terminal, logs, panics, text.
"""
