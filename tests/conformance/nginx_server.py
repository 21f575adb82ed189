"""nginx as Debian packages it, for as long as the tests want it: on loopback, its worker a user without rights.

The machine keeps its own: where no nginx is installed, the package is fetched and unpacked under `build/conformance`.
"""

import fcntl
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from foreign_tools import BUILD, NotInstalled, _run

ROOT = Path(__file__).resolve().parents[2]
SERVER = ROOT / "infra" / "nginx" / "goodstanding.conf"
WORKER = "www-data"
START_SECONDS = 20
STOP_SECONDS = 10

MAIN = """\
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
{user}
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    gzip on;
    gzip_types *;
    include {folder}/goodstanding.conf;
}}
"""
"""What a machine has around our server; its gzip is on, as Debian's is."""


class NoPackages(Exception):
    """There is no nginx on this machine, and no apt-get to fetch one with."""


def install(build=BUILD):
    """The program; NoPackages, or NotInstalled when fetching it fails."""
    if found := shutil.which("nginx", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin"):
        return Path(found)
    if shutil.which("apt-get") is None:
        raise NoPackages("needs nginx, and this machine has neither it nor apt-get")
    folder = build / "nginx"
    program = folder / "usr" / "sbin" / "nginx"
    build.mkdir(parents=True, exist_ok=True)
    with (build / "nginx.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            _unpack(folder)
    _run([program, "-v"])
    return program


def _unpack(folder):
    """Fetch the package and put its files in place as a whole."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        fresh = Path(name)
        try:
            _run(["apt-get", "download", "nginx"], cwd=fresh)
        except NotInstalled:  # a new machine has no lists of packages
            _run(["apt-get", "update"])
            _run(["apt-get", "download", "nginx"], cwd=fresh)
        (package,) = fresh.glob("nginx_*.deb")
        _run(["dpkg-deb", "--extract", package, fresh / "files"])
        (fresh / "files").rename(folder)


class Nginx:
    """nginx with our server in front of a gateway on `port`; `files` is the log's folder. Use it in a with statement."""

    def __init__(self, program, files, port):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._folder = Path(tempfile.mkdtemp(prefix="nginx-"))
        self._folder.chmod(0o755)  # its worker keeps pieces of answers here
        server = SERVER.read_text("utf-8")
        own = {
            "server 127.0.0.1:8080;": f"server 127.0.0.1:{port};",
            "listen 80;": f"listen 127.0.0.1:{self.port};",
            "root /srv/goodstanding/log;": f"root {files};",
        }
        for shipped, here in own.items():  # what (1) to (3) say that an operator changes, and nothing else
            before, after = server.split(shipped)
            server = before + here + after
        (self._folder / "goodstanding.conf").write_text(server, "utf-8")
        user = f"user {WORKER};" if os.geteuid() == 0 else ""
        (self._folder / "nginx.conf").write_text(MAIN.format(folder=self._folder, user=user), "utf-8")
        self._command = [
            program,
            "-p",
            self._folder,
            "-c",
            self._folder / "nginx.conf",
            "-e",
            self._folder / "error.log",
        ]

    def __enter__(self):
        try:
            _run([*self._command, "-t"])
        except NotInstalled:
            shutil.rmtree(self._folder)
            raise
        self._process = subprocess.Popen(self._command)
        end = time.monotonic() + START_SECONDS
        while not (self._folder / "nginx.pid").exists():
            if self._process.poll() is not None or time.monotonic() > end:
                self.__exit__()
                raise NotInstalled(f"nginx did not start:\n{(self._folder / 'error.log').read_text('utf-8')}")
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        self._process.send_signal(signal.SIGQUIT)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder)

    def workers(self):
        """Names of the users that its workers run as."""
        master = self._process.pid
        children = Path(f"/proc/{master}/task/{master}/children").read_text("ascii").split()
        status = [Path(f"/proc/{child}/status").read_text("ascii") for child in children]
        return {pwd.getpwuid(int(re.search(r"^Uid:\s+(\d+)", text, re.MULTILINE)[1])).pw_name for text in status}
