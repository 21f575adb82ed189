"""Recruiters and employers: names, identifiers, domains."""
