"""The gateway: the one public door. It verifies what it follows, forwards what it does not own, and keeps no record."""
