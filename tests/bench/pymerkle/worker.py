"""pymerkle's tree on SQLite: makes one of so many entries, then proves what it is asked for, a JSON list a line.

    python worker.py DATABASE ENTRIES

Prints the seconds that the proofs of each line took.
"""

import json
import sys
import time

from pymerkle import SqliteTree


def main(database: str, entries: int) -> None:
    """Serve lines from standard input until it ends."""
    with SqliteTree(database) as tree:
        tree.append_entries(b"%d" % index for index in range(entries))
        for line in sys.stdin:
            indices = json.loads(line)
            begun = time.perf_counter()
            for index in indices:
                tree.prove_inclusion(index + 1)
            print(time.perf_counter() - begun, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
