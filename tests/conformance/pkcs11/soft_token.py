"""SoftHSM 2, a PKCS#11 token in software that is not ours: installed by the system's package manager, run on a folder."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/lib64/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)
PIN = "correct horse"
INSTALL_SECONDS, CHILD_SECONDS = 300, 60


class NoSoftToken(Exception):
    """SoftHSM is not on this machine and cannot be put there by this user."""


def module():
    """SoftHSM's module; NoSoftToken where there is none and it cannot be installed."""
    if found := _installed():
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        command = ["apt-get", "install", "--yes", "--no-install-recommends", "softhsm2"]
        subprocess.run(command, capture_output=True, timeout=INSTALL_SECONDS, check=False)
    if found := _installed():
        return found
    raise NoSoftToken("SoftHSM 2 is not installed; on Debian: apt-get install softhsm2")


def _installed():
    here = next((Path(path) for path in MODULES if Path(path).is_file()), None)
    return here if here and shutil.which("softhsm2-util") else None


class SoftTokens:
    """A folder of tokens; a process sees them whose SOFTHSM2_CONF is `configuration`."""

    def __init__(self, folder, module):
        self.module = module
        self.folder = folder / "tokens"
        self.folder.mkdir()
        self.configuration = folder / "softhsm2.conf"
        self.configuration.write_text(f"directories.tokendir = {self.folder}\nlog.level = ERROR\n")
        self.pin_file = folder / "pin"
        self.pin_file.write_text(f"{PIN}\n")

    @property
    def environment(self):
        return {**os.environ, "SOFTHSM2_CONF": str(self.configuration)}

    def settings(self, label):
        """The settings of our programs, as environment variables."""
        return {
            "GOODSTANDING_PKCS11_MODULE": str(self.module),
            "GOODSTANDING_PKCS11_TOKEN": label,
            "GOODSTANDING_PKCS11_PIN_FILE": str(self.pin_file),
        }

    def initialise(self, label):
        """Make an empty token."""
        words = ["--init-token", "--free", "--label", label, "--so-pin", "the officer's", "--pin", PIN]
        subprocess.run(["softhsm2-util", *words], env=self.environment, capture_output=True, check=True, timeout=60)
        return label

    def away(self):
        """Take the device away; returns what brings it back."""
        hidden = self.folder.rename(self.folder.with_name("hidden"))
        self.folder.mkdir()

        def back():
            self.folder.rmdir()
            hidden.rename(self.folder)

        return back

    def replaced(self, label="register"):
        """Put an empty token in the place of the device; returns what undoes that."""
        back = self.away()
        self.initialise(label)

        def undo():
            shutil.rmtree(self.folder)
            self.folder.mkdir()
            back()

        return undo

    def seen_by_others(self, label):
        """What a process with a PKCS#11 library and the PIN, and nothing of ours, sees of the token's private keys."""
        return self.child("raw_reader.py", str(self.module), label, PIN)

    def child(self, script, *words):
        """What another process prints as JSON."""
        (printed,) = self.children(1, script, *words)
        return printed

    def children(self, count, script, *words):
        """What so many processes print that all begin at once: each says that it is ready, and waits to be told."""
        command = [sys.executable, Path(__file__).with_name(script), *map(str, words)]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        started = [subprocess.Popen(command, env=self.environment, text=True, **pipes) for _ in range(count)]
        for process in started:
            process.stdout.readline()
        for process in started:
            process.stdin.close()
        return [json.loads(_ended(process)) for process in started]


def _ended(process):
    process.stdin = None
    printed, complaints = process.communicate(timeout=CHILD_SECONDS)
    assert process.returncode == 0, complaints[-3000:]
    return printed
