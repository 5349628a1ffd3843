"""Stands between Playwright and Debian's Firefox: firefox_bridge.py FIREFOX [argument ...]

Playwright speaks WebDriver BiDi (w3c.github.io/webdriver-bidi) to the newest Firefox and has every
page emulate a colour scheme; the long-term release doesn't know that command yet, and its refusal
would end the session. This program starts Firefox in Playwright's stead, passes every message on,
and answers the emulations that Firefox says it doesn't know with an empty result. Once Firefox
knows them all, it changes nothing.
"""

import asyncio
import json
import sys
from contextlib import suppress

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

LISTENING = "WebDriver BiDi listening on "
# Without limits and pings: a screenshot is one large message, and a busy machine is slow to answer.
PLAIN = {"max_size": None, "ping_interval": None, "compression": None}


def softened(answer: str, emulations: set[int]) -> str:
    """What Playwright is told: `answer`, unless an emulation is a command unknown to Firefox."""
    said = json.loads(answer)
    if said.get("error") == "unknown command" and said.get("id") in emulations:
        return json.dumps({"type": "success", "id": said["id"], "result": {}})
    return answer


async def pass_on(playwright: ServerConnection, address: str) -> None:
    """Carries one session, until either side has closed."""
    emulations: set[int] = set()
    async with connect(f"{address}/session", **PLAIN) as firefox:

        async def asked() -> None:
            async for message in playwright:
                command = json.loads(message)
                if command["method"].startswith("emulation."):
                    emulations.add(command["id"])
                await firefox.send(message)

        async def answered() -> None:
            async for message in firefox:
                await playwright.send(softened(str(message), emulations))

        directions = [asyncio.ensure_future(asked()), asyncio.ensure_future(answered())]
        await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
        for direction in directions:
            direction.cancel()
            with suppress(asyncio.CancelledError, ConnectionClosed):
                await direction


async def main(program: str, *arguments: str) -> int:
    firefox = await asyncio.create_subprocess_exec(
        program, *arguments, stderr=asyncio.subprocess.PIPE
    )
    assert firefox.stderr is not None
    async for line in firefox.stderr:
        text = line.decode(errors="replace").rstrip()
        if not text.startswith(LISTENING):
            print(text, file=sys.stderr, flush=True)
            continue
        address = text.removeprefix(LISTENING)
        server = await serve(
            lambda playwright, to=address: pass_on(playwright, to), "127.0.0.1", 0, **PLAIN
        )
        port = server.sockets[0].getsockname()[1]
        print(f"{LISTENING}ws://127.0.0.1:{port}", file=sys.stderr, flush=True)
    return await firefox.wait()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
