"""Operators of a server that runs, as a browser with an authenticator app is one."""

import re
import subprocess
from html import unescape
from time import time
from typing import Any

import httpx
from pyotp import TOTP
from support.machines.server import PATIENCE, Program, program
from support.people.raw_client import NO_TLS

FROM_HERE = {"Sec-Fetch-Site": "same-origin"}
COOKIE = "__Secure-ephemeral-admin"
PASSWORD = "a long enough password"


def command(server: Program, *arguments: str) -> tuple[int, str]:
    """How an operator's command ends beside the server, and what it says."""
    process = program(
        "operator",
        *arguments,
        environment=server.environment,
        folder=server.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    said = process.communicate(timeout=PATIENCE)[0]
    return process.returncode, said


def ticket_of(said: str) -> str:
    [found] = re.findall(r"^    (\S{43})$", said, re.MULTILINE)
    return found


class Browser:
    """What a browser does with forms and the cookie."""

    def __init__(self, server: Program) -> None:
        self.url = server.url
        self.cookie = ""

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self._kept(self.send("GET", path, headers=self._headers(headers)))

    def post(
        self, path: str, fields: dict[str, str], said: dict[str, str] | None = None
    ) -> httpx.Response:
        headers = self._headers(FROM_HERE if said is None else said)
        return self._kept(self.send("POST", path, data=fields, headers=headers))

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """As it is, without the cookie."""
        with httpx.Client(base_url=self.url, verify=NO_TLS) as client:
            return client.request(method, path, **more)

    def _headers(self, headers: dict[str, str]) -> dict[str, str]:
        return headers | ({"Cookie": f"{COOKIE}={self.cookie}"} if self.cookie else {})

    def _kept(self, answer: httpx.Response) -> httpx.Response:
        for line in answer.headers.get_list("set-cookie"):
            self.cookie = line.partition(";")[0].partition("=")[2]
        return answer


class Person(Browser):
    """An operator, who has an app, and never waits for its next code."""

    def __init__(self, server: Program, name: str) -> None:
        super().__init__(server)
        self.name = name
        self.ticket = ticket_of(command(server, "add", name)[1])
        shown = self.post("/admin/enrol", {"ticket": self.ticket}).text
        [address] = re.findall(r'href="(otpauth:[^"]+)"', shown)
        [secret] = re.findall(r"secret=(\w+)", unescape(address))
        self.codes = TOTP(secret)
        self.step = 0

    def code(self) -> str:
        """The present code, and then the next, which counts too: there is no third to be had."""
        self.step = max(self.step + 1, int(time()) // 30)
        return self.codes.generate_otp(self.step)

    def enrol(self, **fields: str) -> httpx.Response:
        given = {"ticket": self.ticket, "password": PASSWORD, "again": PASSWORD, **fields}
        return self.post("/admin/enrol/finish", {"code": fields.get("code") or self.code()} | given)

    def sign_in(self, **fields: str) -> httpx.Response:
        given = {"name": self.name, "password": PASSWORD, **fields}
        return self.post("/admin/sign-in", {"code": fields.get("code") or self.code()} | given)


def enrolled(server: Program) -> Person:
    person = Person(server, "ada")
    assert person.enrol().status_code == 303
    server.forbid(person.ticket, person.cookie, PASSWORD, person.codes.secret)
    return person
