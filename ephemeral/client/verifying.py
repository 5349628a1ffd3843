"""`verify`: whether an instance serves what was released (docs/verifying.md)."""

import argparse
import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from ephemeral import __version__
from ephemeral.client.browsing import USER_AGENT, Visit
from ephemeral.client.connection_options import way_options
from ephemeral.client.context import DEFAULT_SERVER, SERVER_VARIABLE, Context
from ephemeral.client.exits import Exit, usage
from ephemeral.client.safe_text import neutralise_line
from ephemeral.client.text_input import read_bytes
from ephemeral.protocol.release import (
    Item,
    Release,
    check_signature,
    check_version,
    read_release,
)
from ephemeral.protocol.served import Difference, Served, differences

__all__ = ["found_differences", "trusted_release", "verify", "verify_options"]

# Requests at a time; a browser has six as well.
_AT_ONCE = 6
# A public key in base64url is shorter than this, with what an editor adds.
_KEY_FILE = 100


def verify_options(parser: argparse.ArgumentParser) -> None:
    """Add what `verify` takes."""
    parser.add_argument("address", nargs="?", metavar="URL", help=f"address (or {SERVER_VARIABLE})")
    parser.add_argument(
        "--manifest", type=Path, required=True, metavar="FILE", help="the manifest of a release"
    )
    parser.add_argument(
        "--key", metavar="KEY", help="the release key in base64url, or a file that holds it"
    )
    parser.add_argument("--unsigned", action="store_true", help="for a manifest of your own")
    parser.add_argument(
        "--at-least", metavar="VERSION", help="refuse older releases (default: than this program)"
    )
    parser.add_argument("--user-agent", metavar="TEXT", help="as which browser to ask")
    way_options(parser)
    parser.add_argument("--json", action="store_true", help="print JSON, one object a line")


async def verify(context: Context) -> Exit:
    """Compare everything that an instance serves to browsers with a manifest."""
    args = context.args
    release = trusted_release(args.manifest, args.key, args.at_least, unsigned=args.unsigned)
    address = args.address or context.environment.get(SERVER_VARIABLE) or DEFAULT_SERVER
    address, proxy = context.way(address)
    async with Visit(
        address, authorities=args.cafile, proxy=proxy, user_agent=args.user_agent or USER_AGENT
    ) as visit:
        count = 0
        async for one in found_differences(visit, release):
            count += 1
            if context.wants_json:
                told = {"kind": one.kind, "where": one.where, "message": one.sentence}
                await context.put_json({"difference": told})
            else:
                await context.put(neutralise_line(f"{one.where}: {one.sentence}."))
    if context.wants_json:
        await context.put_json({"version": release.version, "differences": count})
    elif count == 0:
        items = len(_forms(release))
        await context.put(
            f"All {items} documents and files are those of version {release.version}."
        )
    else:
        context.say(f"{count} differences from version {release.version}.")
    return Exit.DIFFERENT if count else Exit.OK


def trusted_release(
    path: Path, key: str | None, at_least: str | None, *, unsigned: bool
) -> Release:
    """The manifest in this file, if it is to be believed. Raises Refusal and ClientError."""
    data = read_bytes(path)
    if unsigned == (key is not None):
        raise usage("Say --key, or --unsigned for a manifest that you have made yourself.")
    if key is not None:
        check_signature(data, read_bytes(Path(f"{path}.sig")), _public_key(key))
    release = read_release(data)
    check_version(release.version, at_least or __version__)
    return release


def _public_key(key: str) -> str:
    """The key itself, or what stands in the file of that name."""
    path = Path(key)
    if not path.is_file():
        return key
    return read_bytes(path)[:_KEY_FILE].decode("ascii", "replace").strip()


async def found_differences(visit: Visit, release: Release) -> AsyncIterator[Difference]:
    """Every difference, in the order of the manifest."""
    limit = asyncio.Semaphore(_AT_ONCE)

    async def ask(forms: list[Item], path: str) -> tuple[str, list[Item], Served]:
        async with limit:
            language = forms[0].language
            if language is None:
                served = await visit.file(path)
            else:
                served = await visit.document(path, language)
        return f"{visit.base_path}/{path}", forms, served

    first, *others = ((forms, path) for forms in _forms(release) for path in _ways(forms[0]))
    # The first by itself: an instance that can't be reached is not asked for all the rest as well.
    found = [await ask(*first), *await asyncio.gather(*(ask(*one) for one in others))]
    for where, forms, served in found:
        language = "" if forms[0].language is None else f" ({forms[0].language})"
        told = [
            list(differences(release, wanted, where, visit.base_path, served)) for wanted in forms
        ]
        if not all(told):
            continue
        # Of several forms the one that it seems to be.
        likely = (at for at, wanted in enumerate(forms) if wanted.status == served.status)
        for one in told[next(likely, 0)]:
            yield one._replace(where=f"{where}{language}")


def _forms(release: Release) -> list[list[Item]]:
    """What may stand in one place: some of it has another form where accounts are switched off."""
    found: dict[tuple[str, str | None], list[Item]] = {}
    for one in release.items:
        found.setdefault((one.path, one.language), []).append(one)
    return list(found.values())


def _ways(wanted: Item) -> list[str]:
    """A language comes by the browser's wish, and by the address."""
    if wanted.language is None:
        return [wanted.path]
    return [wanted.path, f"{wanted.path}?lang={wanted.language}"]
