"""`audit fsck`: everything that is stored, verified again from its bytes, whatever a program remembers of it."""
