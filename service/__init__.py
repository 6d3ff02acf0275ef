"""Questions in, answers out: answering/ knows no HTTP, api/ serves it, web/ shows it.

Imports core and indexes; never ingest or evaluation.

Order: answering, web, api.
"""
