"""Executing queries in lockstep: every field of a level before the next level, every wait of a kind in one batch."""
