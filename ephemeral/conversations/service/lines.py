"""Chains with all that they said, as the judge reads them; those used last are remembered.

What a statement's hash names never changes: a line is used as far as the table agrees with it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ephemeral.accounts.doors import ChainState
from ephemeral.accounts.service.people import People
from ephemeral.conversations.rows import line_rows
from ephemeral.conversations.rows.standing_rows import ChainEnd
from ephemeral.protocol.accounts.statements import Signed
from ephemeral.protocol.conversations.lines import Line

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["Lines"]

# A line of ten statements takes some ten kilobytes.
_REMEMBERED = 1_000
# Signatures of so many statements are checked while nobody else waits.
_AT_ONCE = 16


class Lines:
    """The lines of all chains."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._lines: OrderedDict[bytes, Line] = OrderedDict()

    async def of(
        self, connection: Connection, chains: Iterable[bytes]
    ) -> tuple[dict[bytes, Line], dict[bytes, ChainState]]:
        """Lines to their newest statements, and whose they are; what is gone is left out."""
        states = await self._people.chains(connection, sorted(set(chains)))
        known = {chain: self._known(one) for chain, one in states.items()}
        short = [chain for chain, line in known.items() if not _reaches(line, states[chain])]
        lines = {chain: line for chain, line in known.items() if line is not None}
        if short:
            firsts = [lines[one].last.sequence + 1 if one in lines else 0 for one in short]
            found = await line_rows.statements(connection, short, firsts)
            for chain in short:
                lines[chain] = await _extended(lines.get(chain), found[chain])
        for chain, line in lines.items():
            self._keep(chain, line)
        return lines, states

    async def reaching(
        self, connection: Connection, ends: Mapping[bytes, ChainEnd]
    ) -> dict[bytes, Line]:
        """Lines of chains of which it is known how they end."""
        lines, others = {}, []
        for chain, end in ends.items():
            line = self._lines.get(chain)
            if line is not None and line.last.head == end.head:
                self._lines.move_to_end(chain)
                lines[chain] = line
            else:
                others.append(chain)
        if others:
            lines.update((await self.of(connection, others))[0])
        return lines

    def _known(self, state: ChainState) -> Line | None:
        """What is remembered of a chain, if the table says the same so far."""
        line = self._lines.get(state.chain.id)
        if line is None or line.last.sequence > state.chain.sequence:
            return None
        return line if state.chain.hashes[line.last.sequence] == line.last.head else None

    def _keep(self, chain: bytes, line: Line) -> None:
        self._lines[chain] = line
        self._lines.move_to_end(chain)
        if len(self._lines) > _REMEMBERED:
            self._lines.popitem(last=False)


def _reaches(line: Line | None, state: ChainState) -> bool:
    return line is not None and line.last.sequence == state.chain.sequence


async def _extended(line: Line | None, statements: list[bytes]) -> Line:
    signed = [Signed.decode(one) for one in statements]
    if len(signed) > _AT_ONCE:
        return await asyncio.to_thread(_read_on, line, signed)
    return _read_on(line, signed)


def _read_on(line: Line | None, signed: list[Signed]) -> Line:
    if line is None:
        return Line.of(signed)
    for one in signed:
        line = line.extend(one)
    return line
