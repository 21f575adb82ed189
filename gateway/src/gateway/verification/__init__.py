"""Answers from a verified projection of the log and the status lists: no hop, no join, no signing."""
