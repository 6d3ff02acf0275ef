"""Question sets of others, one file a form; choose.py knows them by name."""
