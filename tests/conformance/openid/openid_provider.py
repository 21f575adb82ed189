"""`oidc-provider` as a process of its own, and a browser that signs people in there."""

import base64
import hashlib
import json
import re
import secrets
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
from foreign_tools import BUILD, install_node, install_packages

HERE = Path(__file__).resolve().parent
BACK = "http://127.0.0.1/back"
STEPS = 12  # redirects and forms of one sign-in


class OpenIdProvider:
    """The provider, for one audience. `stop` ends it by its pid."""

    def __init__(self, audience):
        node, npm = install_node(BUILD)
        folder = install_packages(BUILD, node, npm, HERE / "node")
        self.audience, self._secret = audience, secrets.token_urlsafe(32)
        given = json.dumps({"audience": audience, "secret": self._secret})
        self._process = subprocess.Popen(
            [node, folder / "provider.mjs", given], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.issuer = self._line("http://")

    def rotate(self):
        """Publish one new key, and no other."""
        self._process.stdin.write("rotate\n")
        self._process.stdin.flush()
        self._line("rotated")

    def stop(self):
        """End it; it may have ended before."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.communicate(timeout=10)

    def client_token(self):
        """An access token by client credentials."""
        asked = {"grant_type": "client_credentials", "scope": "register"}
        answer = httpx.post(f"{self.issuer}/token", data=asked, auth=("robot", self._secret), trust_env=False)
        return answer.raise_for_status().json()["access_token"]

    def token(self, person):
        """An access token of a person, by authorization code with PKCE."""
        verifier, state = secrets.token_urlsafe(32), secrets.token_urlsafe(8)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        asked = {
            "client_id": "desk", "response_type": "code", "redirect_uri": BACK, "scope": "openid register",
            "code_challenge": challenge, "code_challenge_method": "S256", "state": state,
        }  # fmt: skip
        with httpx.Client(base_url=self.issuer, trust_env=False) as browser:
            back = parse_qs(urlsplit(self._signed_in(browser, person, asked)).query)
            assert back["state"] == [state], back
            given = {
                "grant_type": "authorization_code", "code": back["code"][0], "redirect_uri": BACK, "client_id": "desk",
                "code_verifier": verifier,
            }  # fmt: skip
            return browser.post("/token", data=given).raise_for_status().json()["access_token"]

    def _signed_in(self, browser, person, asked):
        """Where the provider sends the browser once the person has signed in and agreed."""
        response = browser.get("/auth", params=asked)
        for _ in range(STEPS):
            if response.is_redirect and response.headers["location"].startswith(f"{BACK}?"):
                return response.headers["location"]
            if response.is_redirect:
                response = browser.get(response.headers["location"])
                continue
            prompt = re.search(r'name="prompt" value="(\w+)"', response.raise_for_status().text)[1]
            form = {"prompt": prompt} | ({"login": person, "password": "any"} if prompt == "login" else {})
            response = browser.post(re.search(r'action="([^"]+)"', response.text)[1], data=form)
        raise AssertionError("the sign-in does not end")

    def _line(self, begin):
        """The next line that begins so; others are advice."""
        for line in self._process.stdout:
            if line.startswith(begin):
                return line.strip()
        raise AssertionError(f"the provider ended with {self._process.wait(10)}")
