"""Run the suite's authorization scenarios against a real Bursar, with a person who says yes.

The suite prints a URL and waits for a browser. The browser here signs in by the one-time link that
`bursar run` prints, and presses the buttons that a person would press.
"""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2

from conformance.suite import CACHE, ROOT, Suite

LINK = re.compile(r"http://\S+/sign-in/link/[\w-]+")
AUTHORIZE = re.compile(r"http://\S+/oauth/authorize\?\S+")
PASSED = re.compile(r"✓ ([\w-]+): ")
SCENARIOS = {"authorization-server-metadata-endpoint", "authorization-code-grant"}
STEPS_MAX = 10


def authorization_scenarios(suite: Suite) -> bool:
    """Run every authorization scenario, and tell whether they passed."""
    callback_port = free_port()
    with real_server() as (base, link), httpx2.Client(timeout=30) as browser:
        sign_in(browser, link)
        redirect = f"http://127.0.0.1:{callback_port}/callback"
        asked = {
            "client_name": "Conformance suite",
            "redirect_uris": [redirect],
            "token_endpoint_auth_method": "none",
        }
        client = browser.post(f"{base}/oauth/register", json=asked).raise_for_status().json()
        options = ["--url", base, "--client-id", client["client_id"]]
        options += ["--resource", f"{base}/mcp", "-p", str(callback_port), "-o", "authorization"]
        return run_with_a_person(suite.command("authorization", *options), browser)


def run_with_a_person(command: list[str], browser: httpx2.Client) -> bool:
    """Run the suite, and open the URL that it asks a person to open."""
    said = []
    with subprocess.Popen(  # noqa: S603 - the suite's own arguments, none from outside
        command, cwd=CACHE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        assert running.stdout
        for line in running.stdout:
            said.append(line)
            if found := AUTHORIZE.search(line):
                allow(browser, found[0])
    if running.returncode:
        sys.stdout.writelines(said)
    passed = {found[1] for line in said if (found := PASSED.match(line))}
    sys.stdout.write(f"  passed: {', '.join(sorted(passed))}\n")
    return running.returncode == 0 and passed == SCENARIOS


def sign_in(browser: httpx2.Client, link: str) -> None:
    """Open the one-time link and press its button."""
    page = browser.get(link).raise_for_status()
    form = Form.read(page.text)
    signed_in = browser.post(link, data=form.fields, headers=_from(link))
    assert signed_in.status_code == 303, signed_in.text


def allow(browser: httpx2.Client, url: str) -> None:
    """Follow the request to the consent page, allow it, and bring the answer back."""
    for _ in range(STEPS_MAX):
        answer = browser.get(url)
        if answer.is_redirect:
            url = str(answer.next_request.url) if answer.next_request else ""
            continue
        if "<form" not in answer.text:
            return  # the suite's own page: it has its answer
        form = Form.read(answer.text)
        fields = {**form.fields, "decision": "allow"}
        decided = browser.post(httpx2.URL(url).join(form.action), data=fields, headers=_from(url))
        assert decided.status_code == 303, decided.text
        url = decided.headers["location"]
    message = "the authorization never came to an end"
    raise RuntimeError(message)


def _from(url: str) -> dict[str, str]:
    """Send what a browser says of the page whose form is sent."""
    origin = httpx2.URL(url)
    return {
        "Origin": f"{origin.scheme}://{origin.netloc.decode()}",
        "Sec-Fetch-Site": "same-origin",
    }


class Form(HTMLParser):
    """The form that decides, as a browser would send it without a click in its fields.

    A page may have other forms, such as the one to sign out: the last one is the page's own.
    """

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str | list[str]] = {}

    @classmethod
    def read(cls, page: str) -> "Form":
        form = cls()
        form.feed(page)
        return form

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        had = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action, self.fields = had.get("action", ""), {}
        if tag != "input" or "name" not in had:
            return
        if had.get("type") in {"checkbox", "radio"} and "checked" not in had:
            return
        name, value = had["name"], had.get("value", "")
        if had.get("type") == "checkbox":
            chosen = self.fields.setdefault(name, [])
            assert isinstance(chosen, list)
            chosen.append(value)
        else:
            self.fields[name] = value


@contextmanager
def real_server() -> Iterator[tuple[str, str]]:
    """Run Bursar in an empty folder, and tell its URL and its one-time link."""
    with TemporaryDirectory() as folder:
        port = free_port()
        environment = {
            **os.environ,
            "BURSAR_PORT": str(port),
            "BURSAR_DATABASE_URL": f"sqlite:///{Path(folder) / 'bursar.db'}",
            "BURSAR_SECRETS_DIR": str(Path(folder) / "secrets"),
            "PYTHONUNBUFFERED": "1",
        }
        command = [sys.executable, "-m", "mcp_server", "run"]
        with subprocess.Popen(  # noqa: S603 - our own module
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as server:
            try:
                assert server.stdout
                link = next(found[0] for line in server.stdout if (found := LINK.search(line)))
                yield f"http://127.0.0.1:{port}", link
            finally:
                server.terminate()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
