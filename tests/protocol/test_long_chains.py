"""Chains without end: who likes may add and remove devices all day."""

from ephemeral.protocol.accounts.chain import add, consent, genesis, read_chain, remove
from ephemeral.protocol.accounts.signing import SigningKey
from ephemeral.protocol.accounts.statements import Signed, device_id
from ephemeral.protocol.conversations.lines import Line


def test_a_line_takes_memory_by_its_length_and_not_by_the_square_of_it() -> None:
    owner, recovery = SigningKey.from_seed(bytes([1] * 32)), SigningKey.from_seed(bytes([2] * 32))
    said = [genesis(owner, recovery.public, bytes(32))]
    chain = read_chain([said[0].encode()])
    states = [chain]

    def says(signed: Signed) -> None:
        said.append(signed)
        states.append(states[-1].extend(signed))

    for number in range(3, 43):
        other = SigningKey.from_seed(bytes([number] * 32))
        says(add(states[-1], owner, other.public, consent(other, chain.id)))
        says(remove(states[-1], owner, device_id(other.public)))
    whole = Line.of(said)
    grown = Line.of(said[:1])
    for signed in said[1:]:
        grown = grown.extend(signed)
    assert whole == grown
    kept = [len(one.hashes) + len(one.removed) for one in whole.states]
    assert sum(kept) <= 3 * len(said)
    # What a record is judged by is there at each point.
    for sequence, state in enumerate(states):
        at = whole.at(sequence)
        assert at is not None
        assert (at.pin, at.devices, at.closed) == (state.pin, state.devices, state.closed)
    assert whole.last == states[-1]
