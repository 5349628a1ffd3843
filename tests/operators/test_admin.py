"""`/admin/` over HTTP against the real program: who gets in, and what everybody else gets."""

import re

import pytest
from support.machines.server import Program
from support.people.account_people import AccountHolder
from support.people.operators import (
    COOKIE,
    FROM_HERE,
    PASSWORD,
    Browser,
    Person,
    command,
    enrolled,
    ticket_of,
)

ACCOUNTS = ("/auth/", "/devices", "/chains", "/account")
PAGES = ["/admin", "/admin/", "/admin/sign-in", "/admin/enrol", "/admin/enrol/finish", "/admin/x"]


@pytest.fixture
def operator(server: Program) -> Person:
    return enrolled(server)


@pytest.fixture(scope="module")
def settled(shared_server: Program) -> Person:
    """An operator who is signed in, for all tests that leave it at that."""
    return enrolled(shared_server)


def test_without_an_operator_there_is_nothing(server: Program):
    browser = Browser(server)
    for path in PAGES:
        absent = browser.get("/nothing-here")
        for answer in (browser.get(path), browser.post(path, {})):
            assert (answer.status_code, answer.content) == (404, absent.content)


def test_a_ticket_sets_a_password_once(server: Program, operator: Person):
    seen = operator.get("/admin/")
    assert seen.status_code == 200
    assert "signed in as ada" in seen.text
    assert "set a password and an app" in seen.text
    other = Browser(server)
    again = other.post("/admin/enrol", {"ticket": operator.ticket})
    assert again.status_code == 401
    assert operator.enrol().status_code == 401


def test_the_cookie_is_the_pages_alone(server: Program):
    person = Person(server, "ada")
    [line] = person.enrol().headers.get_list("set-cookie")
    name_value, *attributes = line.split("; ")
    assert re.fullmatch(rf"{COOKIE}=[\w-]{{43}}", name_value)
    assert set(attributes) == {"HttpOnly", "Secure", "SameSite=Strict", "Path=/admin"}


def test_documents_run_nothing_and_send_forms_here_alone(settled: Person):
    for path in ("/admin/", "/admin/enrol"):
        headers = settled.get(path).headers
        policy = headers["content-security-policy"]
        assert "form-action 'self'" in policy
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        # Else browsers would call the origin of a form null.
        assert headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "another password"},
        {"name": "bob"},
        {"code": "000000"},
        {"name": "../x"},
        {"name": "ada\0"},
        {"password": "\0"},
        {"password": "", "code": ""},
    ],
    ids=str,
)
def test_whatever_is_wrong_is_answered_alike(operator: Person, wrong: dict[str, str]):
    operator.cookie = ""
    answer = operator.sign_in(**{"code": operator.code(), **wrong})
    assert answer.status_code == 401
    assert "That is not right" in answer.text
    assert operator.cookie == ""
    assert operator.get("/admin/").status_code == 303
    # What was given is nowhere in the answer.
    assert all(text not in answer.text for text in wrong.values() if len(text) > 4)


def test_a_code_counts_once_and_no_earlier_one_after_it(operator: Person):
    code = operator.code()
    assert operator.sign_in(code=code).status_code == 303
    assert operator.sign_in(code=code).status_code == 401
    earlier = operator.codes.generate_otp(operator.step - 1)
    assert operator.sign_in(code=earlier).status_code == 401


def test_a_code_that_a_wrong_password_brought_is_not_used_up(operator: Person):
    code = operator.code()
    assert operator.sign_in(code=code, password="another password").status_code == 401
    assert operator.sign_in(code=code).status_code == 303


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://[evil"},
    ],
    ids=str,
)
def test_a_form_from_elsewhere_does_nothing(settled: Person, said: dict[str, str]):
    for path in ("/admin/sign-out", "/admin/sign-in", "/admin/enrol", "/admin/enrol/finish"):
        assert settled.post(path, {"everywhere": "1"}, said).status_code == 400
    assert settled.get("/admin/").status_code == 200


def test_a_browser_that_names_its_origin_alone_may_sign_out(server: Program, operator: Person):
    assert (
        operator.post("/admin/sign-out", {"here": "1"}, {"Origin": server.url}).status_code == 303
    )
    assert operator.get("/admin/").status_code == 303


@pytest.mark.parametrize("cookie", ["", "x", "é", "A" * 43, "../admin", "a; b=c"], ids=repr)
def test_a_cookie_that_is_no_session_opens_nothing(settled: Person, cookie: str):
    kept = settled.cookie
    for value in (cookie, f"{kept}x", kept[:-1]):
        header = f"{COOKIE}={value}".encode()
        answer = settled.send("GET", "/admin/", headers={"Cookie": header})
        assert (answer.status_code, answer.headers["location"]) == (303, "/admin/sign-in")
    # Nor does the right one beside another, nor under another name, nor as a bearer token.
    for headers in (
        {"Cookie": f"{COOKIE}={kept}; {COOKIE}={kept}"},
        {"Cookie": f"__Secure-ephemeral={kept}"},
        {"Authorization": f"Bearer {kept}"},
    ):
        assert settled.send("GET", "/admin/", headers=headers).status_code == 303


def test_signing_out_ends_this_session_or_all(operator: Person):
    first = operator.cookie
    assert operator.sign_in().status_code == 303
    second = operator.cookie
    assert "in 2 places" in operator.get("/admin/").text
    operator.post("/admin/sign-out", {"here": "1"})
    assert operator.cookie == ""
    operator.cookie = second
    assert operator.get("/admin/").status_code == 303
    operator.cookie = first
    assert operator.get("/admin/").status_code == 200
    operator.post("/admin/sign-out", {"everywhere": "1"})
    operator.cookie = first
    assert operator.get("/admin/").status_code == 303


def test_an_operator_who_is_removed_is_out_at_once(server: Program, operator: Person):
    other = Person(server, "bob")
    other.enrol()
    assert command(server, "list") == (0, "ada: can sign in\nbob: can sign in\n")
    assert command(server, "remove", "ada")[0] == 0
    assert operator.get("/admin/").status_code == 303
    assert operator.sign_in().status_code == 401
    assert "was removed on the command line" in other.get("/admin/").text
    assert command(server, "remove", "ada")[0] == 1
    assert command(server, "remove", "bob")[0] == 0
    assert other.get("/admin/").status_code == 404


def test_a_new_ticket_voids_what_was_before(server: Program, operator: Person):
    assert command(server, "add", "ada")[0] == 1
    ticket = ticket_of(command(server, "add", "ada", "--again")[1])
    assert operator.get("/admin/").status_code == 303
    assert operator.sign_in().status_code == 401
    shown = Browser(server).post("/admin/enrol", {"ticket": ticket})
    assert shown.status_code == 200
    assert operator.codes.secret not in shown.text.replace(" ", "")


@pytest.mark.parametrize(
    "fields",
    [
        {"password": "too short", "again": "too short"},
        {"again": "another long password"},
        {"code": "000000"},
    ],
    ids=str,
)
def test_what_is_wrong_about_a_new_password_is_said_and_can_be_mended(
    server: Program, fields: dict[str, str]
):
    person = Person(server, "ada")
    refused = person.enrol(**fields)
    assert refused.status_code == 400
    assert 'role="alert"' in refused.text
    assert PASSWORD not in refused.text
    assert person.enrol().status_code == 303


def test_who_guesses_waits(operator: Person):
    answers = [operator.sign_in(code="000000") for _ in range(12)]
    assert {one.status_code for one in answers} == {401, 429}
    assert int(answers[-1].headers["retry-after"]) > 0
    # The right ones wait as well, so that nobody learns which were.
    assert operator.sign_in().status_code == 429


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data; boundary=x", b"--x--"),
        ("application/x-www-form-urlencoded", b"name=%ff"),
        ("application/x-www-form-urlencoded", b"name=a&name=b"),
        ("application/x-www-form-urlencoded", b"a=" + b"x" * 9000),
        ("application/x-www-form-urlencoded", "näme=1".encode()),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % one for one in range(20))),
    ],
)
def test_what_no_form_of_ours_sends_is_refused(settled: Person, media: str, body: bytes):
    answer = settled.send(
        "POST", "/admin/sign-in", headers=FROM_HERE | {"Content-Type": media}, content=body
    )
    assert answer.status_code in {400, 413, 415}


def test_an_operator_has_a_plain_name(server: Program):
    for name in ("", "Ada", "a b", "é", "-a", "a" * 33, "a\n"):
        assert command(server, "add", "--", name)[0] in {1, 2}, name
    assert Browser(server).get("/admin/").status_code == 404


def test_pages_stand_below_the_path_of_the_deployment(serve):
    server = serve(BASE_PATH="/chat")
    person = Person(server, "ada")
    [line] = person.enrol().headers.get_list("set-cookie")
    assert "; Path=/chat/admin" in line
    assert person.get("/admin").headers["location"] == "/chat/admin/"
    assert person.get("/admin/").status_code == 200
    person.cookie = ""
    assert person.get("/admin/").headers["location"] == "/chat/admin/sign-in"


def test_counts_and_health_are_shown(settled: Person):
    shown = settled.get("/admin/").text
    assert "This process serves." in shown, shown
    for name in ("Rooms", "Messages that wait in rooms", "Sockets of this process", "Database"):
        assert f"<dt>{name}</dt>" in shown


async def test_accounts_and_operators_have_nothing_in_common(server: Program, operator: Person):
    """What opens one opens nothing of the other, at any address of either."""
    async with AccountHolder(server.url) as holder:
        tokens = (await holder.found()).signed_in
        for name, value in (
            ("Authorization", f"Bearer {tokens.access}"),
            ("Cookie", f"__Secure-ephemeral={tokens.refresh}"),
            ("Cookie", f"{COOKIE}={tokens.refresh}"),
            ("Cookie", f"{COOKIE}={tokens.access}"),
        ):
            answer = operator.send("GET", "/admin/", headers={name: value})
            assert (answer.status_code, answer.headers["location"]) == (303, "/admin/sign-in")
    contract = operator.send("GET", "/openapi.json").json()["paths"]
    asked = 0
    for path, methods in contract.items():
        # Nobody is kept from signing out.
        if path == "/auth/logout" or not path.startswith(ACCOUNTS):
            continue
        for method, said in methods.items():
            if {} in said.get("security", []) or not said.get("security"):
                continue
            place = re.sub(r"\{\w+\}", "A" * 22, path)
            for headers in (
                {"Authorization": f"Bearer {operator.cookie}"},
                {"Cookie": f"{COOKIE}={operator.cookie}"},
            ):
                answer = operator.send(method.upper(), place, headers=headers)
                assert answer.status_code == 401, (method, path)
                asked += 1
    assert asked > 20
