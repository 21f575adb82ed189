"""The registry as part of an OpenID Federation: what its entities say of themselves, of each other, and trust marks."""
