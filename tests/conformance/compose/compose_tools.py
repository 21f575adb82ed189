"""Installs the composition libraries and gateways that are not ours, and composes with them."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from foreign_tools import BUILD, NoAnswer, install_node, install_packages

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
PUBLISHED = ROOT / "infra" / "supergraph" / "supergraph.graphql"
MEASURED = ROOT / "docs" / "bench" / "composition.json"
COMPOSE_SECONDS = 60

ADDRESSES = {
    "registry": "http://registry:8081/graphql",
    "audit": "http://audit:8082/graphql",
    "verification": "http://gateway:8080/subgraphs/verification",
}
"""Where the published supergraph says that its subgraphs are; routers override it by their configuration."""


@dataclass(frozen=True)
class Tools:
    """Node, and the folder of the installed packages."""

    node: Path
    packages: Path

    @property
    def grafbase(self):
        """Grafbase's engine, a static binary."""
        return self.packages / "node_modules/@grafbase/cli-x86_64-unknown-linux-musl/grafbase"

    @property
    def hive(self):
        """Hive Gateway's program, for Node."""
        return self.packages / "node_modules/@graphql-hive/gateway/dist/bin.js"

    def compose(self, subgraphs, addresses):
        """What both libraries make of subgraph name -> SDL: see node/compose.mjs."""
        given = {name: {"sdl": sdl, "url": addresses[name]} for name, sdl in subgraphs.items()}
        done = subprocess.run(
            [self.node, self.packages / "compose.mjs"], input=json.dumps(given), capture_output=True, text=True,
            timeout=COMPOSE_SECONDS, check=False, env={**os.environ, "NODE_OPTIONS": ""},
        )  # fmt: skip
        if done.returncode != 0:
            raise NoAnswer(f"compose.mjs exited {done.returncode}:\n{done.stderr[-3000:]}")
        return json.loads(done.stdout)


def install(build=BUILD):
    """Install what is not there yet; NotInstalled when that fails."""
    node, npm = install_node(build)
    return Tools(node, install_packages(build, node, npm, HERE / "node"))


def versions():
    """What is pinned: package -> version."""
    return json.loads((HERE / "node" / "package.json").read_text("utf-8"))["dependencies"]
