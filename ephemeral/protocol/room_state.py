"""What a member knows of its room: replaced by welcome and backlog, changed by events."""

from collections.abc import Container, Sequence

from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.keys import ContentKeys
from ephemeral.protocol.limits import SEATS, WAITING_MESSAGES
from ephemeral.protocol.names import numbers
from ephemeral.protocol.objects import Member, Notice, Room
from ephemeral.protocol.profile import Profile, open_profile
from ephemeral.protocol.strangers import forget_strangers

__all__ = ["TYPING_MS", "RoomState"]

#: Typing ends by itself after so many milliseconds (11.5).
TYPING_MS = 6000
# Events of one server's processes can overtake each other: twice as much is no lie yet (12).
_SLACK = 2


class RoomState:
    """The room, its members and its notices; empty until the first complete state has come."""

    def __init__(self, keys: ContentKeys) -> None:
        self._keys = keys
        self._profiles: dict[bytes, Profile | None] = {}
        self.room: Room | None = None
        self.members: dict[bytes, Member] = {}
        self.notices: dict[bytes, Notice] = {}
        self.typing: dict[bytes, int] = {}

    def replace(self, room: Room, members: Sequence[Member], notices: Sequence[Notice]) -> None:
        """Forget what was known; this is the complete present state. `malformed`: too much."""
        refuse(len(members) > SEATS[1] or len(notices) > WAITING_MESSAGES, "malformed")
        self.room = room
        self.members = {}
        for member in sorted(members, key=lambda one: (one.joined_at, one.member)):
            self.seat(member)
        self.notices = {notice.id: notice for notice in notices}
        self.typing = {who: until for who, until in self.typing.items() if who in self.members}

    def seat(self, member: Member) -> None:
        """Add a member. Its profile is kept after it has left: its messages may still wait.

        `malformed`: more than there can be.
        """
        self.members[member.member] = member
        refuse(len(self.members) > _SLACK * SEATS[1], "malformed")
        profile = None
        if member.profile is not None:
            try:
                profile = open_profile(self._keys, member.member, member.profile)
            except Refusal:
                profile = None
        if profile is not None or member.member not in self._profiles:
            self._profiles[member.member] = profile

    def wait(self, notice: Notice) -> None:
        """Add a message that waits. `malformed`: more than there can be."""
        self.notices[notice.id] = notice
        refuse(len(self.notices) > _SLACK * WAITING_MESSAGES, "malformed")

    def known(self) -> set[bytes]:
        """Members, and authors of what waits."""
        return {*self.members, *(notice.author for notice in self.notices.values())}

    def forget_strangers(self, known: Container[bytes]) -> None:
        """Names of those who are not `known` are dropped, but for the latest."""
        forget_strangers(self._profiles, known)

    def name(self, member: bytes) -> str | None:
        """The nickname that a member has, or had; None if it brought no readable one."""
        profile = self._profiles.get(member)
        return None if profile is None else profile.name

    def number(self, member: bytes) -> int:
        """Which of the members of its name it is, by the order in which they joined; 1 for most.

        Who has left counts as long as its name is known, so that nobody moves up to its place.
        """
        names = [None if one is None else one.name for one in self._profiles.values()]
        return dict(zip(self._profiles, numbers(names), strict=True)).get(member, 0)

    def waiting(self, member: bytes) -> list[Notice]:
        """What `member` may open now, oldest first."""
        return sorted(
            (one for one in self.notices.values() if may_open(one, member)),
            key=lambda notice: notice.sequence,
        )

    def waiting_before(self, sequence: int, author: bytes) -> int:
        """How many messages of `author` wait that were stored before `sequence`."""
        return sum(
            1 for one in self.notices.values() if one.author == author and one.sequence < sequence
        )


def may_open(notice: Notice, member: bytes) -> bool:
    """Whether `member` may open a message at this moment (8.6)."""
    if notice.author == member:
        return False
    if notice.audience is not None:
        return member in notice.audience
    return notice.state == "stored" or notice.holder == member
