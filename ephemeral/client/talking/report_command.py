"""`chat report`: showing the operators what `inbox --json --evidence` has printed."""

from contextlib import aclosing

from ephemeral.client.context import Context
from ephemeral.client.conversations.reporting import Evidence, report
from ephemeral.client.exits import Exit, usage
from ephemeral.client.lines import chunks
from ephemeral.client.output import is_terminal
from ephemeral.client.talking.here import here
from ephemeral.protocol.encoding import parse_json
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.reports import CONTENT_MAX, MESSAGES_MAX, TEXT_MAX

__all__ = ["make_report"]

# Ten messages of the largest size, in base64url and in the clear, with the rest of their lines.
_INPUT_MAX = 4 * MESSAGES_MAX * CONTENT_MAX


async def make_report(context: Context) -> Exit:
    """Send a report of the messages whose lines come in."""
    text = "" if context.args.text_file is None else context.text.removesuffix("\n")
    if len(text.encode()) > TEXT_MAX:
        raise usage(f"The text is too long: a report has room for {TEXT_MAX} bytes.")
    if is_terminal(context.stdin):
        context.reassure("Lines of `inbox --json --evidence`, then Ctrl-D:")
    messages = [_evidence(line) for line in (await _input(context)).split(b"\n") if line.strip()]
    if not 1 <= len(messages) <= MESSAGES_MAX:
        raise usage(f"A report shows 1 to {MESSAGES_MAX} messages.")
    async with here(context) as place:
        await report(place.account, messages, context.args.reason, text)
    context.reassure("Reported. You will hear nothing of what becomes of it.")
    return Exit.OK


async def _input(context: Context) -> bytes:
    data = b""
    async with aclosing(chunks(context.stdin)) as given:
        async for one in given:
            data += one
            if len(data) > _INPUT_MAX:
                raise usage("This is more than a report shows.")
    return data


def _evidence(line: bytes) -> Evidence:
    try:
        obj = parse_json(line)
        shows = obj.get("evidence") if isinstance(obj, dict) else None
        if not isinstance(shows, dict):
            raise Refusal("malformed")
        return Evidence.read(shows)
    except Refusal:
        raise usage("A line of these is none that `inbox --json --evidence` prints.") from None
