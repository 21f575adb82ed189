"""One public schema from the subgraphs', and the way of each operation to the one that owns it."""
