"""What is counted of accounts, by whom, and how often it may be; and who may guess how often."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ephemeral.edge.guesses import Guesses
from ephemeral.edge.limiter import ADDRESS, Action
from ephemeral.settings import Settings

__all__ = ["ACCOUNT", "AccountActions"]

#: The subject that accounts are counted by, besides the address: an access token.
ACCOUNT = "account"

# What counts as asking for an account, a session or an invitation that isn't there. Nobody mistypes
# a token.
_MISSES = {
    "login_wrong": 1,
    "invitation_unknown": 5,
    "not_found": 1,
}
# Of a refresh token that is shown to sign out.
_NO_SESSION = {"session_ended": 1}
#: A device stores pins once a week, and when a device comes or goes; what is replaced stays on the
#: disk for a while. From one address no more of them than it may post in rooms.
PINS_HERE, PINS_ANYWHERE = (30, 600), (1000, 600)
#: A history has 1,024 chunks at most, each of which is stored, fetched and destroyed.
HISTORY_HERE, HISTORY_ANYWHERE = (3_600, 3_600), (14_400, 3_600)
#: Pushes that somebody has sent to try it: each is a request to a service of others.
TESTS_HERE, TESTS_ANYWHERE = (5, 600), (60, 600)
#: Wrong passwords from one place: so many at once, as many again in so many seconds; and from all.
HERE, ANYWHERE = (10, 900), (100, 3600)


def guessing(name: str, subject: Callable[[Any, Any], bytes], *wrong: str) -> Guesses:
    """How often a password may be guessed, by what `subject(caller, body)` names."""
    return Guesses(name, subject, frozenset(wrong), "login_wait", HERE, ANYWHERE)


@dataclass(frozen=True, slots=True)
class AccountActions:
    """The actions of accounts.

    `register`: making one. `login`: signing in, recovering. `pins`: storing them, 64 KiB.
    `history`: handing it to a new device, in chunks of 64 KiB. `leave`: signing out, from which
    nobody is kept who has a session. `push_test`: a push to oneself. `request`: everything else
    that is asked.

    `login_guess`: passwords tried at an address; `password_guess`: those asked again of whoever is
    signed in; `recovery_guess`: those of whoever shows a recovery that has been done.
    """

    register: Action
    login: Action
    request: Action
    pins: Action
    history: Action
    leave: Action
    push_test: Action
    login_guess: Guesses
    password_guess: Guesses
    recovery_guess: Guesses

    @classmethod
    def of(cls, settings: Settings) -> "AccountActions":
        """As this deployment limits them."""
        often, own = settings.account_requests_per_address, settings.account_requests_per_account
        return cls(
            register=Action(
                "register",
                {ADDRESS: settings.registrations_per_address},
                misses=_MISSES,
                together=True,
            ),
            login=Action(
                "login", {ADDRESS: settings.logins_per_address}, misses=_MISSES, together=True
            ),
            request=Action(
                "account",
                {ACCOUNT: own, ADDRESS: often},
                misses=_MISSES,
            ),
            # Off where the others are.
            pins=Action(
                "pins",
                {ACCOUNT: own and PINS_HERE, ADDRESS: often and PINS_ANYWHERE},
                misses=_MISSES,
            ),
            history=Action(
                "history",
                {ACCOUNT: own and HISTORY_HERE, ADDRESS: often and HISTORY_ANYWHERE},
            ),
            leave=Action("sign_out", {}, misses=_NO_SESSION),
            push_test=Action(
                "push_test",
                {ACCOUNT: own and TESTS_HERE, ADDRESS: often and TESTS_ANYWHERE},
                misses=_MISSES,
            ),
            login_guess=guessing(
                "guess_login", lambda _, body: body.address.encode(), "login_wrong"
            ),
            password_guess=guessing(
                "guess_password", lambda asker, _: asker.account, "password_wrong"
            ),
            recovery_guess=guessing(
                "guess_recovery", lambda _, body: body.address.encode(), "password_wrong"
            ),
        )
