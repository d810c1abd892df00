"""The migrations, and how to write one: `python -m callscope.db.migrations MESSAGE`."""
