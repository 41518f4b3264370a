"""One module per chapter: its models, data and drawings."""
