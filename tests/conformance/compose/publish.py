"""Composes the services' subgraphs and writes infra/supergraph/supergraph.graphql."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from compose_tools import ADDRESSES, PUBLISHED, install  # noqa: E402

import audit.graph  # noqa: E402
import gateway.verification.graph  # noqa: E402
import registry.graph  # noqa: E402


def subgraphs():
    """Subgraph name -> the SDL it serves."""
    return {
        "registry": registry.graph.sdl(),
        "audit": audit.graph.build_schema().as_str(),
        "verification": gateway.verification.graph.subgraph().as_str(),
    }


if __name__ == "__main__":
    made = install().compose(subgraphs(), ADDRESSES)
    if made["supergraph"] is None:
        sys.exit("\n".join(error for result in made["libraries"].values() for error in result["errors"]))
    PUBLISHED.parent.mkdir(parents=True, exist_ok=True)
    PUBLISHED.write_text(made["supergraph"], "utf-8")
    print(f"wrote {PUBLISHED}")
