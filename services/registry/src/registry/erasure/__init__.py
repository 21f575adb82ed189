"""Erasing what was logged: two persons, an event that says so, and then the bodies are gone everywhere we keep them."""
