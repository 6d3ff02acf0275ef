"""The REST API. app.py puts it together; importing it opens nothing.

In order: wire/ (messages), auth/ (who calls), limits/ (how much), observe/ (log, metrics, traces), errors (status of
each error), state and live (what is open), dependencies, questions and asking, routes/ (one file a resource), tools
(MCP), uploads, browsers (which web pages may call), middleware, server.

Order: wire, observe, errors, state, live, questions, asking, uploads, auth, limits, dependencies, tools, routes,
browsers, middleware, app, server.
"""
