"""Registry, audit and gateway in one process on SQLite: the way to run it that needs nothing else."""
