"""The invented world of the demo: who is in it (pure, seeded) and how it comes about (through the services)."""
