"""A chain filled as far as it goes: what is still possible then. docs/accounts.md, 5.5."""

from account_maker import ADD, CLOSE, GENESIS, RECOVER, REMOVE, History, Person
from maker import Vectors, drawn

NAME = "accounts/grown"
SEAL = bytes(32)


def grown(adds: int) -> tuple[History, list[Person]]:
    """The chain of `grow_chain`, and its active devices (tests/vectors/README.md)."""
    words = Person("grown/words")
    history = History(recovery=words, seal=SEAL)
    devices = [Person("grown/0")]
    history = history.after(history.next(GENESIS, devices[0], devices[0]))
    for number in range(1, adds + 1):
        if len(devices) == 10:
            history = history.after(history.next(REMOVE, devices[-1], devices[0]))
            devices.pop(0)
        new = Person(f"grown/{number}")
        history = history.after(history.next(ADD, devices[-1], new))
        devices.append(new)
    return history, devices


def make_thieves(v: Vectors) -> None:
    for adds in (9, 256):
        history, devices = grown(adds)
        new, next_one = Person("grown/new"), Person("grown/next")
        room = history.after(history.next(REMOVE, devices[-1], devices[0]))
        back = history.after(history.next(RECOVER, history.recovery, new))
        full = room if adds == 256 else history
        lasts = [
            [full, full.next(ADD, devices[-1], new), "chain_adds" if adds == 256 else "chain_full"],
            [history, history.next(ADD, devices[-1], new), "chain_full"],
            [history, history.next(REMOVE, devices[0], devices[-1]), "right"],
            [history, history.next(CLOSE, devices[-1]), "right"],
            [history, history.next(CLOSE, history.recovery), "right"],
            [history, history.next(RECOVER, history.recovery, new), "right"],
            [back, back.next(ADD, new, next_one), "right"],
        ]
        size = len(history.said)
        then = [[one.hex() for one in [*before.said[size:], last]] for before, last, _ in lasts]
        why = f"After {adds} ADDs with ten devices: what a thief has filled is still undone."
        v.success(
            "grow_chain",
            f"after_{adds}_adds",
            why,
            {"name": NAME, "adds": adds, "then": then},
            {"sequence": size - 1, "head": history.head, "results": [code for *_, code in lasts]},
        )
    assert Person("grown/0").seed == drawn(f"{NAME}/0", 32)
