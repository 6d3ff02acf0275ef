"""`touchstone evaluate`: one file a topic; commands.py puts them together."""
