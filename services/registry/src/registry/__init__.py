"""The registry: who decides what about whom, under four eyes, and what is signed as a result."""
