"""Conversations in terminals: what people see, and what is no longer to be seen."""

import signal
import time
from contextlib import ExitStack, closing

import pytest
from support.machines.tunnel import tunnel_to
from support.people.command_line import Cli, signalled
from support.people.typist import Typist

from ephemeral.client.exits import Exit


@pytest.fixture
def alice(room: Cli):
    with Typist(room, "join", "--name", "Alice") as person:
        person.sees("You are in")
        yield person


@pytest.fixture
def bob(room: Cli, alice: Typist):
    with Typist(room, "join", "--name", "Bob") as person:
        person.sees("You are in")
        alice.sees("‹Bob› joined")
        yield person


def test_two_people_talk_and_what_was_read_is_gone_from_the_screen(alice: Typist, bob: Typist):
    alice.enter("the meeting is at noon")
    alice.sees("message 1 is stored")
    bob.sees("‹Alice›: a message waits")
    assert "noon" not in bob.raw
    bob.enter()
    bob.sees("│ the meeting is at noon")
    bob.sees("gone in")
    alice.sees("message 1 was read and is destroyed")
    bob.enter()
    bob.loses("noon")
    bob.sees("A message from ‹Alice› is gone.")
    # What was typed is not on its author's screen either.
    assert "noon" not in alice.screen.everything()


def test_the_countdown_closes_a_message_by_itself(room: Cli, alice: Typist):
    ahead = 0
    with Typist(room, "join", "--name", "Bob", clock=lambda: time.monotonic() + ahead) as bob:
        bob.sees("You are in")
        alice.enter("/view 5")
        alice.enter("soon gone")
        bob.sees("a message waits")
        bob.enter()
        bob.sees("soon gone")
        bob.sees("gone in 5 s")
        ahead = 5
        bob.loses("soon gone")


def test_a_message_may_stay_until_it_is_closed(alice: Typist, bob: Typist):
    alice.enter("/view close")
    alice.enter("stays")
    bob.sees("a message waits")
    bob.enter("/open")
    bob.sees("│ stays")
    assert "gone in" not in bob.screen.screen()
    bob.type("\x1b")
    bob.loses("│ stays")


def test_a_file_is_announced_as_one_and_saved_when_one_says_so(
    room: Cli, alice: Typist, bob: Typist
):
    (room.folder / "notes.txt").write_text("plain\n")
    (room.folder / "saved").mkdir()
    alice.enter("/leave")
    bob.sees("‹Alice› left")
    room.done("pipe", "--file", "notes.txt")
    bob.sees("a message with a file waits")
    bob.sees("1 file waits: /save")
    # Enter opens texts.
    bob.enter()
    bob.sees("No message waits.")
    bob.enter("/save nowhere")
    bob.sees("nowhere is no folder")
    bob.enter("/save saved")
    bob.sees("is saved: saved/notes.txt")
    assert (room.folder / "saved" / "notes.txt").read_text() == "plain\n"
    bob.enter("/save")
    bob.sees("No file waits.")


def test_typing_is_seen_while_it_lasts(alice: Typist, bob: Typist):
    alice.type("h")
    bob.sees("‹Alice› is typing")
    alice.type("\x7f")
    bob.wait(lambda screen: "typing" not in screen.screen(), "the end of typing")


def test_typing_can_be_kept_to_oneself(room: Cli, alice: Typist):
    with Typist(room, "join", "--name", "Shy", "--no-typing") as shy:
        shy.sees("You are in")
        shy.type("secretly")
        shy.type("\x15")
        shy.enter("done")
        alice.sees("‹Shy›: a message waits")
        assert "‹Shy› is typing" not in alice.raw


@pytest.mark.parametrize(
    "text",
    [
        "\x1b[2J\x1b[1;1Howned",
        "\x1b]0;owned\x07\x9b31mowned",
        "line\r12:00 Bob: owned",
        "\x1b[6n owned \x1bP owned",
    ],
)
def test_a_hostile_peer_cant_drive_the_terminal(room: Cli, alice: Typist, text):
    path = room.folder / "hostile"
    path.write_text(text)
    room.done("send", "--text-file", "hostile", "--name", "Mallory")
    alice.sees("a message waits")
    alice.enter()
    alice.sees("owned")
    # The emulator knows only what the client itself writes, and fails at anything else.
    assert all(line.startswith("│ ") for line in alice.screen.lines() if "owned" in line)
    alice.enter()
    alice.loses("owned")


def test_a_long_message_is_read_in_parts_and_never_reaches_the_history(room: Cli):
    with Typist(room, "join", rows=12) as reader:
        reader.sees("You are in")
        room.done("send", "--view=0", text="\n".join(f"line {n}." for n in range(100)))
        reader.sees("a message waits")
        reader.enter()
        reader.sees("line 0.")
        reader.sees("more lines")
        for _ in range(10):
            reader.type("\x1b[6~")
        reader.sees("line 99.")
        assert "line 50." not in reader.screen.everything()
        reader.enter()
        reader.loses("line 9")


def test_a_terminal_that_gets_narrower_keeps_nothing_of_what_was_read(alice: Typist, bob: Typist):
    alice.enter("/view close")
    alice.enter("word " * 30 + "end")
    bob.sees("a message waits")
    bob.enter()
    bob.sees("end")
    bob.narrow(33)
    bob.wait(lambda screen: screen.lines().count("│ word word word word word word") == 5, "it anew")
    bob.enter()
    bob.loses("word")


def test_everyone_sees_a_message_before_it_is_destroyed(cli: Cli):
    cli.new_room("--policy=everyone", "--seats=3")
    with ExitStack() as people:
        alice, bob, carol = (
            people.enter_context(Typist(cli, "join", "--name", name))
            for name in ("Alice", "Bob", "Carol")
        )
        for person in (alice, bob, carol):
            person.sees("You are in")
        assert cli.json("status")["seats_taken"] == 3
        alice.enter("for both")
        for reader in (bob, carol):
            reader.sees("‹Alice›: a message waits")
        bob.enter()
        bob.sees("│ for both")
        alice.sees("message 1 was seen by ‹Bob›")
        assert "message 1 was read" not in alice.screen.screen()
        carol.enter()
        carol.sees("│ for both")
        alice.sees("message 1 was read and is destroyed")


def test_several_lines_are_one_message(alice: Typist, bob: Typist):
    alice.type("\x1b[200~first\rsecond\x1b[201~")
    alice.enter()
    bob.sees("a message waits")
    bob.enter()
    bob.sees("│ first\n│ second")


def test_the_room_can_be_looked_at_locked_and_opened(room: Cli, alice: Typist, bob: Typist):
    alice.enter("/who")
    alice.sees("‹Alice› (you): here")
    alice.sees("‹Bob›: here")
    alice.sees("2 of 2 seats taken, 2 joins so far, open")
    alice.enter("/lock")
    bob.sees("The room is locked")
    assert room.json("status")["locked"]
    bob.enter("/unlock")
    alice.sees("The room is open again")


def test_unknown_commands_are_not_sent_and_doubled_slashes_are(alice: Typist, bob: Typist):
    alice.enter("/secret plan")
    alice.sees("There is no command /secret")
    alice.enter("//etc/hosts")
    bob.sees("a message waits")
    bob.enter()
    bob.sees("│ /etc/hosts")


def test_a_reply_quotes_what_was_read_last(alice: Typist, bob: Typist):
    bob.enter("/reply Too early")
    bob.sees("You have read no text here")
    alice.enter("first\nAt Noon, then?")
    bob.sees("‹Alice›: a message waits")
    bob.enter()
    bob.sees("│ At Noon, then?")
    bob.enter("/reply")
    bob.sees("/reply takes the text of your answer")
    bob.enter("/reply  Yes, at NOON")
    bob.sees("You: message 1 is being sent, quoting ‹Alice›")
    bob.loses("noon")
    alice.sees("‹Bob›: a message waits")
    alice.enter()
    alice.sees("│ > you: first\n│ > At Noon, then?\n│  Yes, at NOON")
    alice.enter()
    alice.loses("Noon")


def test_a_reply_is_typing_and_another_command_is_not(alice: Typist, bob: Typist):
    alice.type("/lock")
    alice.sees("> /lock")
    alice.enter()
    bob.sees("The room is locked")
    assert "‹Alice› is typing" not in bob.raw
    bob.type("/reply h")
    alice.sees("‹Bob› is typing")


def test_a_long_message_is_quoted_by_its_beginning(room: Cli, alice: Typist):
    room.done("send", "--name", "Bob", "--view=0", text="x" * 5000)
    alice.sees("a message waits")
    alice.enter()
    alice.sees("more lines")
    alice.enter("/reply long")
    alice.sees("message 1 is stored")
    quote = room.json("read")["content"]["quote"]
    assert quote["text"] == "x" * 279 + "…"


@pytest.mark.parametrize("author", [None, "A" * 22])
def test_a_quote_cant_drive_the_terminal_either(room: Cli, alice: Typist, author):
    words = "a\x1b[2J\x1b[1;1Howned\x9b31m\u202eowned\rowned\nowned"
    quote = {"text": words, "author": author}
    room.says({"type": "text", "text": "see above", "quote": quote})
    alice.sees("a message waits")
    alice.enter()
    alice.sees(f"│ > {'somebody' if author is None else 'member 0000'}: a␛[2J")
    assert all(line.startswith("│ > ") for line in alice.screen.lines() if "owned" in line)
    assert {"\x9b", "\u202e"}.isdisjoint(alice.raw)


@pytest.mark.parametrize("view", [True, -7, 2**62, "soon", None])
def test_a_message_of_an_unknown_kind_ends_no_conversation(room: Cli, alice: Typist, view):
    content = {"type": "wave", "view": view, "text": ["x"], "quote": 7}
    room.says(content)
    alice.sees("a message waits")
    alice.enter()
    alice.sees("│ A message of a kind that is not known here: wave")
    alice.sees("gone in")
    alice.enter("/reply hello")
    alice.sees("You have read no text here")


def test_leaving_gives_the_terminal_back_as_it_was(room: Cli, alice: Typist, bob: Typist):
    bob.enter("/leave")
    assert bob.end() == Exit.OK
    assert bob.terminal_is_as_before()
    assert bob.screen.modes == set()
    alice.sees("‹Bob› left")
    assert room.json("status")["seats_taken"] == 1


def test_ctrl_c_leaves_and_takes_an_open_message_along(earnest: Cli):
    with Typist(earnest, "join", apart=True) as bob:
        bob.sees("You are in")
        earnest.done("send", "--view=0", text="unfinished")
        bob.sees("a message waits")
        bob.enter()
        bob.sees("│ unfinished")
        bob.interrupt()
        assert bob.end() == Exit.INTERRUPTED
        assert bob.terminal_is_as_before()
        assert "unfinished" not in bob.screen.everything()
    assert earnest.json("status")["seats_taken"] == 0


def test_a_terminal_that_goes_away_takes_its_member_along(earnest: Cli):
    with Typist(earnest, "join", apart=True) as bob:
        bob.sees("You are in")
        assert signalled(bob.process, signal.SIGHUP) == Exit.HUNG_UP
    assert earnest.json("status")["seats_taken"] == 0


def test_destroying_ends_the_conversation_of_everyone(room: Cli, alice: Typist, bob: Typist):
    alice.enter("last words")
    bob.sees("a message waits")
    alice.enter("/destroy")
    assert alice.end() == Exit.OK
    assert bob.end() == Exit.FATE
    assert "The room was destroyed" in bob.screen.screen()
    assert room.run("status").returncode == Exit.REFUSED


def test_the_code_is_asked_for_and_not_shown_nor_is_a_wrong_word_of_it(earnest: Cli):
    wrong = f"zzyzx-{earnest.code.partition('-')[2]}"
    prompt = "Code or link (not shown):"
    with Typist(earnest, "join", code="", apart=True) as person:
        person.sees(prompt)
        for typed, told in ((wrong, "Word 1 is not in the list."), ("-", "this has 0 words.")):
            person.type(f"{typed}\n")
            # What is typed before the prompt is there again is dropped.
            person.sees(f"{told} Once more, or Ctrl-C.\n{prompt}")
        person.type(f"{earnest.code}\n")
        person.sees("You are in")
        # Nor what the word may have been meant to be.
        for secret in (earnest.code, wrong.partition("-")[2], "zzyzx", "nearest"):
            assert secret not in person.raw
        person.type("\x04")
        assert person.end() == Exit.OK


def test_a_wrong_word_in_a_hidden_link_is_told_by_its_place_as_well(room: Cli):
    link = room.json("new", "--link", code="")["link"]
    tag, _, code = link.rpartition(".")
    wrong = f"{tag}.zzyzx-{code.partition('-')[2]}"
    with Typist(room, "status", "--json", code="", apart=True) as person:
        person.sees("Code or link (not shown)")
        person.type(f"{wrong}\n")
        person.sees("code_word")
        assert person.end() == Exit.USAGE
        assert person.raw.count("Word 1 is not in the list") == 2
        assert "zzyzx" not in person.raw
        assert "nearest" not in person.raw


def test_a_new_room_can_be_stayed_in(cli: Cli):
    with Typist(cli, "new", "--join", code="") as person:
        person.sees("You are in")
        cli.code = next(line for line in person.screen.lines() if line.count("-") >= 6)
        cli.done("send", text="found you")
        person.sees("a message waits")


def test_a_conversation_without_a_terminal_is_plain_lines(room: Cli, alice: Typist):
    plain = room.start("join", "--name", "Script")
    assert "You are in" in plain.stdout.readline()
    alice.sees("‹Script› joined")
    alice.enter("for the\nscript")
    line = plain.stdout.readline()
    while "a message waits" not in line:
        line = plain.stdout.readline()
    plain.stdin.write("\n")
    plain.stdin.flush()
    assert plain.stdout.readline().startswith("‹Alice›, ")
    assert [plain.stdout.readline() for _ in range(2)] == ["| for the\n", "| script\n"]
    plain.stdin.write("an answer\n")
    plain.stdin.close()
    plain.stdin = None
    alice.sees("‹Script›: a message waits")
    plain.communicate(timeout=30)
    assert plain.returncode == Exit.OK


def test_lines_that_a_pipe_has_at_once_wait_until_one_is_in_and_an_opening_is_awaited(room: Cli):
    room.done("send", text="for the pipe")
    plain = room.start("join", "--name", "Script")
    said, _ = plain.communicate("\n", timeout=30)
    assert "| for the pipe\n" in said
    assert plain.returncode == Exit.OK


def test_a_lost_server_is_told_and_what_was_written_meanwhile_is_sent(own_cli: Cli, server):
    own_cli.new_room()
    with Typist(own_cli, "join") as person:
        person.sees("You are in")
        server.stop()
        person.sees("Trying again")
        person.enter("written offline")
        person.sees("message 1 is being sent")
        server.start()
        person.sees("message 1 is stored")
        assert own_cli.done("read") == "written offline"
        person.sees("message 1 was read and is destroyed")


def test_a_person_whose_server_is_replaced_goes_on_talking_and_is_told_nothing(
    database_url, serve, tmp_path
):
    shared = {"KEYRING_DIR": f"{tmp_path}/keyring", "ENCRYPTION_KEY": "5e" * 32}
    old, new = (serve(database=database_url, **shared) for _ in range(2))
    with (
        tunnel_to(old.port) as tunnel,
        closing(Cli(f"http://127.0.0.1:{tunnel.port}", tmp_path)) as cli,
    ):
        cli.new_room()
        with Typist(cli, "join") as person:
            person.sees("You are in")
            tunnel.lead_to(new.port)
            assert old.stop() == 0
            person.enter("written afterwards")
            person.sees("message 1 is stored")
            assert "Trying again" not in person.raw
            assert cli.done("read") == "written afterwards"
            person.sees("message 1 was read and is destroyed")


def test_a_person_who_sends_is_told_that_the_message_waits(room: Cli):
    with Typist(room, "send") as sender:
        sender.enter("the kettle is on")
        sender.type("\x04")
        assert sender.end() == Exit.OK
        sender.sees("The message is stored and waits to be read.")


def test_a_person_is_told_what_was_done_to_the_room(room: Cli):
    done = {
        "lock": "The room is locked: nobody new can join.",
        "unlock": "The room is open again.",
        "destroy": "The room is destroyed, and all that was in it.",
    }
    room.done("send", "--seat", "mine", text="x")
    for command, sentence in done.items():
        with Typist(room, command, "--seat", "mine") as person:
            assert person.end() == Exit.OK
            person.sees(sentence)
