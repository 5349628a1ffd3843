"""One-shot commands against the real server: what they print, and how they end."""

import json
import os
import secrets
import stat
from pathlib import Path

import pytest
from support.people.command_line import PATIENCE, Cli

from ephemeral.client.exits import Exit
from ephemeral.protocol.codes import ENTROPY_BITS, new_code, read_code

# A code none of whose words stands in a sentence of the program by itself.
TELLING_CODE = "yippee-yogurt-zoology-unwashed-wolverine-quickstep-juggling"


def test_a_message_travels_exactly_and_leaves_nothing(earnest: Cli):
    """By the programs themselves: what all others here run is what these run."""
    text = "  exact \n\tbytes\x1b[31m, grüße 👋\n\n"
    assert earnest.done("send", text=text, apart=True) == ""
    result = earnest.run("read", apart=True)
    assert (result.returncode, result.stdout) == (Exit.OK, text)
    again = earnest.run("read", apart=True)
    assert (again.returncode, again.stdout) == (Exit.NOTHING, "")


def test_a_new_room_prints_its_code_and_nothing_else(cli: Cli):
    assert ENTROPY_BITS > 90
    first, second = cli.new_room(), cli.new_room()
    assert read_code(first) == first
    assert first != second


def test_a_link_is_taken_wherever_a_code_is_and_names_its_server(cli: Cli):
    code, link = cli.done("new", "--link", code="").splitlines()
    assert link.endswith(f".{code}")
    cli.done("send", code=link, text="by link")
    elsewhere = {"EPHEMERAL_SERVER": ""}
    assert cli.done("read", code=link, environment=elsewhere) == "by link"


def test_a_code_may_be_typed_carelessly(room: Cli):
    typed = room.code.replace("-", "  ").upper()
    assert room.done("status", code=typed).startswith("Policy")


def test_a_code_comes_from_a_descriptor_and_leaves_the_rest_of_it(room: Cli):
    reader, writer = os.pipe()
    os.write(writer, f"{room.code}\nrest".encode())
    os.close(writer)
    room.done("send", "--code-fd", str(reader), code="", text="x", pass_fds=[reader])
    assert os.read(reader, 100) == b"rest"
    os.close(reader)
    assert room.done("read") == "x"


@pytest.mark.parametrize("command", ["send", "read", "status", "destroy", "join", "pipe"])
def test_a_code_is_no_argument(room: Cli, command):
    result = room.run(command, TELLING_CODE)
    assert result.returncode == Exit.USAGE
    assert "A code is never an argument" in result.stderr
    assert not [word for word in TELLING_CODE.split("-") if word in result.stderr]


def test_without_a_code_and_without_a_terminal_the_command_says_what_to_do(cli: Cli):
    result = cli.run("read", code="", start_new_session=True, apart=True)
    assert result.returncode == Exit.USAGE
    assert "EPHEMERAL_CODE" in result.stderr


def test_a_misspelt_word_is_named_without_asking_the_server(room: Cli):
    words = room.code.split("-")
    typed = "-".join([*words[:2], "zzyzx", *words[3:]])
    result = room.run(
        "status", "--json", code=typed, environment={"EPHEMERAL_SERVER": "http://localhost:1"}
    )
    assert result.returncode == Exit.USAGE
    assert "Word 3" in result.stderr
    assert json.loads(result.stdout)["error"]["code"] == "code_word"


def test_a_wrong_code_and_a_room_that_was_destroyed_are_refused_alike(room: Cli):
    room.done("destroy")
    results = [room.run("read", code=code) for code in (room.code, new_code(secrets.token_bytes))]
    assert {result.returncode for result in results} == {Exit.REFUSED}
    # What follows is about the words alone.
    assert len({result.stderr.partition(" Or a slip")[0].strip() for result in results}) == 1


def test_where_no_room_answers_the_words_that_have_neighbours_are_told_by_their_places(cli: Cli):
    code = "abacus-zoom-cope-yo-yo-abacus-silver-abacus"
    said = cli.run("status", code=code).stderr
    assert "look again at words 3, 4, 6." in said
    assert not [word for word in code.split("-") if word in said]
    plain = cli.run("status", code="-".join(["abacus"] * 7)).stderr
    assert "There is no such room" in plain
    assert "a slip" not in plain


def test_the_creator_chooses_and_status_tells(cli: Cli):
    made = cli.json(
        "new",
        "--policy=everyone",
        "--seats=3",
        "--message-ttl=90m",
        "--room-ttl=1d12h",
        code="",
    )
    cli.code = made["code"]
    told = cli.json("status")
    assert (told["policy"], told["seats"]) == ("everyone", 3)
    assert (told["message_ttl"], told["room_ttl"]) == (5400, 129_600)
    assert "everyone who was there" in cli.done("status")


@pytest.mark.parametrize(
    "options",
    [["--seats=1"], ["--seats=51"], ["--message-ttl=5s"], ["--room-ttl=99d"], ["--policy=none"]],
)
def test_what_a_room_cant_have_is_a_usage_error(cli: Cli, options):
    result = cli.run("new", *options, code="")
    assert (result.returncode, result.stdout) == (Exit.USAGE, "")


def test_everything_that_waits_is_read_in_order(room: Cli):
    for text in ("one", "two\n", "three"):
        room.done("send", text=text)
    assert room.done("read", "--all") == "one\ntwo\nthree\n"


def test_messages_may_be_divided_by_zero_bytes(room: Cli):
    for text in ("a\nb", "c"):
        room.done("send", text=text)
    assert room.done("read", "--all", "--null") == "a\nb\0c\0"


def test_json_tells_all_of_a_message_in_ascii(room: Cli):
    sent = room.json("send", "--name", "Ada ✒", "--view=90s", text="ü\x9b\n")
    assert sent["state"] == "stored"
    line = room.done("read", "--json")
    assert line.isascii()
    read = json.loads(line)
    assert read["id"] == sent["id"]
    assert read["content"] == {"type": "text", "text": "ü\x9b\n", "view": 90}
    assert read["counter"] == 1
    # Its author left, and took the name along.
    assert read["name"] is None


def test_a_quote_is_told_beside_the_exact_text_of_its_message(room: Cli):
    quote = {"text": "a\x1b[2J\nb\u202e", "author": None}
    for _ in range(3):
        room.says({"type": "text", "text": "yes", "quote": quote})
    result = room.run("read")
    assert result.stdout == "yes"
    assert result.stderr == "ephemeral: The next message quotes somebody: a␛[2J␊b\ufffd\n"
    assert room.run("pipe", "--json", text="").returncode == Exit.OK
    line = room.done("read", "--json")
    assert line.isascii()
    assert json.loads(line)["content"]["quote"] == quote
    with_pipe = room.start("pipe", "--follow")
    assert with_pipe.stdout.readline() == "yes\n"
    with_pipe.terminate()
    assert "quotes somebody: a␛[2J␊b\ufffd\n" in with_pipe.communicate()[1]


def test_programs_quote_through_a_pipe(room: Cli):
    quote = {"text": "noon", "author": "A" * 22}
    lines = [
        {"text": "yes", "quote": quote},
        {"text": "no", "quote": quote | {"x": 1}},
        {"text": "none"},
    ]
    result = room.run("pipe", "--json", text="".join(f"{json.dumps(one)}\n" for one in lines))
    assert (result.returncode, "could not be sent" in result.stderr) == (Exit.USAGE, True)
    read = [json.loads(line)["content"] for line in room.done("read", "--all", "--json").split()]
    assert read == [{"type": "text", **lines[0]}, {"type": "text", **lines[2]}]


def test_a_chosen_message_is_read(room: Cli):
    ids = [room.json("send", text=text)["id"] for text in ("first", "second")]
    assert room.done("read", "--id", ids[1]) == "second"
    gone = room.run("read", "--id", ids[1], "--json")
    assert gone.returncode == Exit.REFUSED
    error = json.loads(gone.stdout)["error"]
    assert (error["code"], error["state"]) == ("message_gone", "viewed")


@pytest.mark.parametrize(
    "text", ["", "x" * 65_500, "\udcff"], ids=["empty", "too long", "no UTF-8"]
)
def test_text_that_no_message_can_hold_is_refused_before_anything_is_sent(room: Cli, text):
    path = room.folder / "text"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    result = room.run("send", "--text-file", str(path))
    assert result.returncode == Exit.USAGE
    assert room.run("read").returncode == Exit.NOTHING


def test_a_full_room_says_so_to_a_third(room: Cli):
    for name in ("a", "b"):
        room.done("send", "--seat", name, text="x")
    result = room.run("send", "--json", text="y")
    assert result.returncode == Exit.REFUSED
    assert json.loads(result.stdout)["error"]["code"] == "room_full"


def test_a_locked_room_admits_only_those_who_have_a_seat(room: Cli):
    room.done("lock", "--seat", "mine")
    assert room.json("status")["locked"]
    result = room.run("send", "--json", text="x")
    assert json.loads(result.stdout)["error"]["code"] == "room_locked"
    room.done("send", "--seat", "mine", text="x")
    room.done("unlock", "--seat", "mine")
    assert room.done("read") == "x"


def test_destroying_ends_the_room_for_everyone(room: Cli):
    room.done("send", text="x")
    assert room.json("destroy") == {"destroyed": True}
    assert room.run("status").returncode == Exit.REFUSED


# A seat of several commands


def test_a_seat_file_keeps_one_seat_over_several_commands(room: Cli):
    for text in ("one", "two"):
        room.done("send", "--seat", "mine", text=text)
    told = room.json("status", "--seat", "mine")
    assert (told["joins"], told["seats_taken"]) == (1, 1)
    assert (told["waiting"], told["waiting_for_me"]) == (2, 0)
    messages = [json.loads(line) for line in room.done("read", "--all", "--json").splitlines()]
    assert [one["counter"] for one in messages] == [1, 2]
    assert len({one["author"] for one in messages}) == 1


def test_a_seat_file_is_for_its_owner_alone(room: Cli):
    room.done("send", "--seat", "mine", text="x")
    path = room.folder / "mine"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert room.code not in path.read_text()
    path.chmod(0o640)
    result = room.run("send", "--seat", "mine", text="y")
    assert result.returncode == Exit.USAGE
    assert "chmod 600" in result.stderr


def test_a_seat_is_not_taken_into_another_room(room: Cli):
    room.done("send", "--seat", "mine", text="x")
    room.new_room()
    result = room.run("send", "--seat", "mine", "--json", text="y")
    assert result.returncode == Exit.REFUSED
    assert json.loads(result.stdout)["error"]["code"] == "seat_file"


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"version": 9}', "\x00" * 40])
def test_a_file_that_is_no_seat_is_left_as_it_is(room: Cli, content):
    path = room.folder / "mine"
    path.write_text(content)
    path.chmod(0o600)
    assert room.run("send", "--seat", "mine", text="x").returncode == Exit.USAGE
    assert path.read_text() == content


def test_a_seat_is_used_by_one_command_at_a_time(room: Cli):
    room.done("send", "--seat", "mine", text="x")
    follower = room.start("read", "--follow", "--json", "--seat", "mine", "--name", "first")
    other = room.json("send", "--seat", "other", text="for the follower")
    assert json.loads(follower.stdout.readline())["id"] == other["id"]
    result = room.run("send", "--seat", "mine", text="y")
    assert result.returncode == Exit.USAGE
    assert "Another command" in result.stderr
    follower.kill()
    follower.communicate()
    room.done("send", "--seat", "mine", text="y")


def test_giving_a_seat_up_frees_it_at_once_and_forgets_it(room: Cli):
    for name in ("a", "b"):
        room.done("send", "--seat", name, text="x")
    room.done("leave", "--seat", "a")
    assert not (room.folder / "a").exists()
    room.done("send", text="now there is room")


def test_receipts_tell_an_author_who_was_away(room: Cli):
    first = room.json("send", "--seat", "mine", text="one")["id"]
    second = room.json("send", "--seat", "mine", text="two")["id"]
    room.done("read", "--id", first)
    lines = room.done("receipts", "--seat", "mine").splitlines()
    assert lines == [f"{first} viewed", f"{second} stored"]


def test_a_gap_is_told(room: Cli):
    for text in ("one", "two", "three"):
        room.done("send", "--seat", "mine", text=text)
    assert room.json("read", "--seat", "reader")["skipped"] == 0
    room.done("leave", "--seat", "mine")
    room.done("read")
    told = room.json("read", "--seat", "reader")
    assert told["content"]["text"] == "three"
    assert told["skipped"] == 1


# Waiting


def test_send_waits_for_the_view(room: Cli):
    author = room.write("--wait=viewed", "--json", text="secret")
    assert room.done("read", "--wait=30s") == "secret"
    output, errors = author.communicate(timeout=PATIENCE)
    assert json.loads(output)["state"] == "viewed"
    assert (author.returncode, errors) == (Exit.OK, "")


def test_send_tells_when_the_room_ends_before_the_view(cli: Cli):
    cli.new_room("--seats=3")
    cli.watch()
    author = cli.write("--wait=viewed", "--json", text="secret")
    cli.until_waiting(1)
    cli.done("destroy")
    output, errors = author.communicate(timeout=PATIENCE)
    assert author.returncode == Exit.FATE
    assert json.loads(output)["state"] == "room_ended"
    assert "The room has ended" in errors


def test_read_waits_for_a_message_that_is_yet_to_come(room: Cli):
    reader = room.start("read", "--wait=60s", "--seat", "reader")
    room.done("send", text="late")
    output, _ = reader.communicate(timeout=30)
    assert (reader.returncode, output) == (Exit.OK, "late")


def test_pipe_carries_lines_both_ways(room: Cli):
    here = room.start("pipe", "--follow", "--name", "Here")
    there = room.start("pipe", "--follow", "--json", "--name", "There")
    here.stdin.write("over\n\nthe wire\n")
    here.stdin.flush()
    got = [json.loads(there.stdout.readline()) for _ in range(2)]
    assert [one["content"]["text"] for one in got] == ["over", "the wire"]
    assert [one["name"] for one in got] == ["Here", "Here"]
    there.stdin.write('"and back"\n{"text": "with a wish", "view": 60}\n')
    there.stdin.flush()
    assert [here.stdout.readline() for _ in range(2)] == ["and back\n", "with a wish\n"]
    states = [json.loads(there.stdout.readline()) for _ in range(2)]
    assert {one["event"] for one in states} == {"receipt"}
    here.terminate()
    here.communicate()
    there.terminate()
    there.communicate()
    assert (here.returncode, there.returncode) == (Exit.TERMINATED, Exit.TERMINATED)
    assert room.json("status")["seats_taken"] == 0


def test_pipe_ends_with_its_input_once_everything_is_stored(room: Cli):
    assert room.run("pipe", text="a\nb").returncode == Exit.OK
    assert room.done("read", "--all") == "a\nb\n"


# The server


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1", "http://localhost.invalid.localhost:1", "https://127.0.0.1:1"]
)
def test_a_server_that_cant_be_reached_is_a_sentence(room: Cli, address):
    result = room.run("status", "--server", address, "--json")
    assert result.returncode == Exit.NETWORK
    assert "can't be reached" in result.stderr
    assert json.loads(result.stdout)["error"]["code"] == "unreachable"


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1:3000", "ftp://localhost", "http://", "http://u:p@localhost", "http://[::1"],
)
def test_an_address_that_is_none_is_a_usage_error(room: Cli, address):
    assert room.run("status", "--server", address).returncode == Exit.USAGE


@pytest.mark.parametrize("path", ["/chat", "/chat/", "/a/b%20c/room"])
def test_a_wrong_path_is_named_with_what_was_found_and_where_the_server_is(room: Cli, path):
    result = room.run("status", "--json", "--server", room.url + path)
    assert result.returncode == Exit.NETWORK
    tried = room.url + path.rstrip("/")
    assert f"{tried}/config answers 404" in result.stderr
    assert f"There is one at {room.url}: name that.\n" in result.stderr
    assert json.loads(result.stdout)["error"]["code"] == "unreachable"


def test_an_error_in_the_arguments_shows_the_usage_of_that_command_alone(room: Cli):
    for wrong in (["--colour"], [room.code], ["--view", "4"], ["--view"]):
        result = room.run("send", *wrong)
        assert result.returncode == Exit.USAGE
        assert result.stderr.startswith("usage: ephemeral send [-h]")
        assert "ephemeral send: error: " in result.stderr
        assert result.stderr.count("usage:") == 1
        assert "receipts" not in result.stderr


def test_plain_http_to_another_machine_needs_to_be_asked_for(room: Cli):
    result = room.run("status", "--server", "http://example.org")
    assert result.returncode == Exit.USAGE
    assert "--allow-http" in result.stderr


def test_no_secret_is_in_the_arguments_of_a_command_that_runs(earnest: Cli):
    follower = earnest.start("read", "--follow", apart=True, just_started=True)
    earnest.done("send", "--name", "Nickname", text="plaintext")
    assert follower.stdout.readline() == "plaintext\n"
    assert earnest.code not in Path(f"/proc/{follower.pid}/cmdline").read_text()


def test_no_secret_is_in_the_output_of_a_failing_command(room: Cli):
    room.code = TELLING_CODE
    nowhere = ("--server", "http://127.0.0.1:1", "--timeout=0s")
    result = room.run("send", "--name", "Nickname", *nowhere, text="plaintext")
    assert result.returncode == Exit.NETWORK
    for secret in ("plaintext", "Nickname", *TELLING_CODE.split("-")):
        assert secret not in result.stderr + result.stdout


def test_what_stands_in_the_environment_of_others_sends_nothing_elsewhere(earnest: Cli):
    proxies = dict.fromkeys(("HTTP_PROXY", "ALL_PROXY", "http_proxy"), "http://127.0.0.1:1")
    earnest.done("send", text="direct", environment=proxies, apart=True)
    assert earnest.done("read", environment=proxies, apart=True) == "direct"
