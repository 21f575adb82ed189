"""Members, roles, and the tokens by which they are known."""
