"""Authorities, the schemes they work under, and the mandates that let them."""
