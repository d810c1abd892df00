"""Saved views: a name for a range, filters and columns of the list of calls."""
