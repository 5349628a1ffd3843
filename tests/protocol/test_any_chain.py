"""Chains: whatever is said, in whatever order, a plain model of the rules comes to the same."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.any_input import attempt, changed, refusal_of, steady

from ephemeral.protocol.accounts.chain import (
    ADDS_MAX,
    Chain,
    add,
    close,
    consent,
    device_id,
    genesis,
    read_chain,
    recover,
    remove,
)
from ephemeral.protocol.accounts.signing import SigningKey
from ephemeral.protocol.accounts.statements import Signed, Statement, StatementType
from ephemeral.protocol.errors import Refusal

DEVICES = [SigningKey.from_seed(bytes([i]) * 32) for i in range(1, 15)]
WORDS = [SigningKey.from_seed(bytes([i]) * 32) for i in (101, 102)]
SEAL = b"s" * 32
FORMS = {"chain_version", "chain_type", "chain_length"}
FIRST = genesis(DEVICES[0], WORDS[0].public, SEAL)
START = Chain.empty().extend(FIRST)

devices = st.integers(0, len(DEVICES) - 1)
acts = (
    st.tuples(st.just("add"), devices, devices)
    | st.tuples(st.just("remove"), devices, devices)
    | st.tuples(st.just("recover"), st.integers(0, 1), devices)
    | st.tuples(st.just("close"), devices, st.none())
    | st.tuples(st.just("close_by_words"), st.integers(0, 1), st.none())
)


@dataclass
class Model:
    """The rules of 5.4 and 5.5, on numbers of devices and without any bytes."""

    active: list[int] = field(default_factory=lambda: [0])
    gone: set[int] = field(default_factory=set)
    words: int = 0
    closed: bool = False

    def act(self, what: str, by: int, who: int | None) -> str | None:
        """The refusal, or None, and the model has changed."""
        known = who in self.active or who in self.gone
        match what:
            case _ if self.closed and what != "recover":
                return "chain_closed"
            case "add" if known:
                return "chain_device"
            case "remove" if who not in self.active:
                return "chain_device"
            case "add" | "remove" | "close" if by not in self.active:
                return "chain_signer"
            case "remove" if len(self.active) == 1:
                return "chain_last"
            case "add" if len(self.active) == 10:
                return "chain_full"
            case "recover" if known:
                return "chain_device"
            case "recover" | "close_by_words" if by != self.words:
                return "chain_signature"
            case "add":
                self.active.append(who)
            case "remove":
                self.active.remove(who)
                self.gone.add(who)
            case "recover":
                self.gone |= set(self.active)
                self.active, self.closed = [who], False
                # Every recovery changes the words.
                self.words = 1 - self.words
            case _:
                self.gone |= set(self.active)
                self.active, self.closed = [], True
        return None


def said(chain, what, by, who):
    """The statement of an act, right in all that the act doesn't say."""
    agreed = b"" if who is None else consent(DEVICES[who], chain.id)
    match what:
        case "add":
            return add(chain, DEVICES[by], DEVICES[who].public, agreed)
        case "remove":
            return remove(chain, DEVICES[by], device_id(DEVICES[who].public))
        case "recover":
            other = (WORDS[1 - by].public, SEAL)
            return recover(chain, WORDS[by], DEVICES[who].public, agreed, other)
        case "close":
            return close(chain, DEVICES[by])
        case _:
            made = close(chain, WORDS[by]).statement
            unnamed = Statement(
                made.type, made.chain, made.sequence, made.previous, made.device, made.key,
                made.recovery, made.recovery_seal, bytes(16),
            )  # fmt: skip
            return Signed(unnamed, WORDS[by].sign("chain", unnamed.encode()))


@steady
@given(st.lists(acts, max_size=25))
def test_any_history_is_what_a_plain_model_of_the_rules_makes_of_it(history):
    chain, model, statements = START, Model(), [FIRST.encode()]
    for what, by, who in history:
        signed = Signed.decode(said(chain, what, by, who).encode())
        before = chain
        try:
            chain = chain.extend(signed)
            code = None
        except Refusal as refusal:
            code = refusal.code
        assert code == model.act(what, by, who)
        if code is None:
            statements.append(signed.encode())
            read_chain(statements, before.pin)
        assert chain.closed == model.closed
        assert [one.key for one in chain.devices] == [DEVICES[i].public for i in model.active]
        assert {one.key for one in chain.removed} == {DEVICES[i].public for i in model.gone}
        assert chain.recovery == WORDS[model.words].public
    assert read_chain(statements) == chain


@steady
@given(st.lists(acts, max_size=12), st.lists(acts, max_size=12), st.data())
def test_two_branches_never_extend_one_pin(one, other, data):
    def grown(history):
        chain, reached, seals = START, [START.pin], [FIRST.encode()]
        for act in history:
            signed = said(chain, *act)
            try:
                chain = chain.extend(signed)
            except Refusal:
                continue
            reached.append(chain.pin)
            seals.append(signed.encode())
        return reached, seals

    pins, _ = grown(one)
    pins_other, statements = grown(other)
    pin = data.draw(st.sampled_from(pins))
    code = refusal_of(read_chain, statements, pin) if pin not in pins_other else None
    if pin in pins_other:
        read_chain(statements, pin)
    else:
        far = pin.sequence >= len(statements)
        assert code == ("chain_back" if far else "chain_fork")


@steady
@given(st.binary(max_size=400) | st.binary(min_size=260, max_size=260).map(lambda b: b"\1\3" + b))
def test_any_bytes_are_a_statement_or_refused(data):
    signed = attempt(FORMS, Signed.decode, data)
    if signed is None:
        return
    assert signed.encode() == data
    assert refusal_of(START.extend, signed).startswith("chain_")


TWO = START.extend(said(START, "add", 0, 1))
EVERY = [
    (Chain.empty(), FIRST),
    (START, said(START, "add", 0, 1)),
    (TWO, said(TWO, "remove", 1, 0)),
    (TWO, said(TWO, "recover", 0, 2)),
    (TWO, said(TWO, "close", 1, None)),
    (TWO, said(TWO, "close_by_words", 0, None)),
]


@pytest.mark.parametrize(("chain", "signed"), EVERY)
def test_a_statement_with_any_bit_changed_is_refused(chain, signed):
    """Every bit of every kind: about two thousand statements each."""
    data = signed.encode()
    chain.extend(Signed.decode(data))
    for at in range(len(data)):
        bit = at % 8
        broken = changed(data, at, bit)
        code = refusal_of(lambda: chain.extend(Signed.decode(broken)))  # noqa: B023 - called at once
        assert code.startswith("chain_")


def test_what_a_thief_fills_is_undone_by_the_words():
    chain, thief = START, iter(range(1000))
    active = [DEVICES[0]]
    for _ in range(ADDS_MAX):
        new = SigningKey.from_seed(next(thief).to_bytes(32, "big"))
        if len(active) == 10:
            chain = chain.extend(remove(chain, active[-1], device_id(active.pop(0).public)))
        chain = chain.extend(add(chain, active[-1], new.public, consent(new, chain.id)))
        active.append(new)
    chain = chain.extend(close(chain, active[-1]))
    mine = DEVICES[1]
    agreed = consent(mine, chain.id)
    chain = chain.extend(recover(chain, WORDS[0], mine.public, agreed))
    assert [one.key for one in chain.devices] == [mine.public]
    new = DEVICES[2]
    chain = chain.extend(add(chain, mine, new.public, consent(new, chain.id)))
    assert len(chain.devices) == 2


def test_the_types_are_what_the_document_says():
    assert [one.name for one in StatementType] == ["GENESIS", "ADD", "REMOVE", "RECOVER", "CLOSE"]
    assert list(map(int, StatementType)) == [1, 2, 3, 4, 5]
