"""From a committed event to a released record: outbox, log proofs, status lists, signatures, due times."""
