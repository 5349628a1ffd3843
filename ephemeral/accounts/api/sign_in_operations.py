"""The table of sign-in: one statement for each operation (docs/accounts.md)."""

from ephemeral.accounts.api import sign_in_bodies as bodies
from ephemeral.accounts.api import sign_in_objects as objects
from ephemeral.accounts.api.actions import AccountActions
from ephemeral.accounts.api.callers import AccountCallers
from ephemeral.accounts.api.sign_in_handlers import SignInHandlers
from ephemeral.edge.operations import Operation
from ephemeral.protocol.errors import ACCOUNT_STATUS

__all__ = [
    "CHAIN",
    "EITHER",
    "LINKED",
    "PASSWORD",
    "PROVEN",
    "SESSION",
    "SET_COOKIE",
    "SIGNED_IN_DEVICE",
    "sign_in_operations",
]

#: What any session may be refused with, a suspended account's too, and a device's.
SIGNED_IN = ("unauthorized", "session_ended", "device_revoked")
SIGNED_IN_DEVICE = (*SIGNED_IN, "device_required")
#: What a session may be refused with; a device's; a device's with its proof.
SESSION = (*SIGNED_IN, "suspended")
LINKED = (*SESSION, "device_required")
PROVEN = (*LINKED, "proof_wrong")
EITHER = (*SESSION, "proof_wrong")
PASSWORD = ("password_wrong", "login_wait")
#: Any rule of the chain, and a place that another statement took.
CHAIN = (*(code for code in ACCOUNT_STATUS if code.startswith("chain_")), "conflict")
SET_COOKIE = {"Set-Cookie": "The refresh token, where it was asked for in a cookie"}


def sign_in_operations(
    handlers: SignInHandlers, callers: AccountCallers, actions: AccountActions
) -> tuple[Operation, ...]:
    """The operations, with who performs them, who may ask for them, and what they count as."""
    return (
        Operation(
            method="POST",
            path="/auth/register",
            name="register",
            summary="Make an account, and sign in",
            handler=handlers.register,
            body=bodies.RegisterBody,
            answers={201: objects.TokensAnswer},
            answer_headers=SET_COOKIE,
            refusals=("address_form", "address_taken", "invitation_needed", "invitation_unknown"),
            action=actions.register,
        ),
        Operation(
            method="POST",
            path="/auth/login",
            name="signIn",
            summary="Sign in by password; as a device, with its proof over an empty token",
            handler=handlers.log_in,
            body=bodies.LoginBody,
            headers=bodies.PROOF_HEADERS,
            answers={200: objects.TokensAnswer},
            answer_headers=SET_COOKIE,
            refusals=(
                "address_form",
                "login_wrong",
                "login_wait",
                "device_revoked",
                "proof_wrong",
            ),
            action=actions.login,
            guesses=actions.login_guess,
        ),
        Operation(
            method="POST",
            path="/auth/refresh",
            name="refresh",
            summary="Get the next tokens, by a refresh token in the body or in the cookie",
            handler=handlers.refresh,
            body=bodies.RefreshBody,
            headers=bodies.PROOF_HEADERS | bodies.COOKIE_HEADERS,
            answers={200: objects.TokensAnswer, 204: None},
            answer_headers=SET_COOKIE,
            refusals=("session_ended", "proof_wrong", "suspended"),
            action=actions.request,
        ),
        Operation(
            method="POST",
            path="/auth/logout",
            name="signOut",
            summary="End the session of an access token, or of a refresh token",
            handler=handlers.log_out,
            caller=callers.perhaps,
            body=bodies.LogoutBody,
            headers=bodies.COOKIE_HEADERS,
            answers={204: None},
            answer_headers={"Set-Cookie": "The cookie is cleared"},
            refusals=SIGNED_IN,
            action=actions.leave,
        ),
        Operation(
            method="POST",
            path="/auth/password",
            name="changePassword",
            summary="Take another password; sessions without a device end",
            handler=handlers.change_password,
            caller=callers.proven,
            body=bodies.PasswordBody,
            answers={204: None},
            refusals=(*PROVEN, *PASSWORD),
            action=actions.request,
            guesses=actions.password_guess,
        ),
        Operation(
            method="GET",
            path="/auth/me",
            name="readAccount",
            summary="Look at the account and at its session",
            handler=handlers.me,
            caller=callers.even_suspended.session,
            answers={200: objects.MeAnswer},
            refusals=SIGNED_IN,
            action=actions.request,
        ),
        Operation(
            method="DELETE",
            path="/auth/me",
            name="deleteAccount",
            summary="Delete the account; where there are devices, by a statement that closes them",
            handler=handlers.delete,
            caller=callers.even_suspended.either,
            body=bodies.DeleteBody,
            answers={200: objects.DeletedAnswer},
            refusals=(
                *SIGNED_IN,
                "proof_wrong",
                *PASSWORD,
                *CHAIN,
                "close_needed",
                "not_found",
                "pending",
            ),
            action=actions.request,
            guesses=actions.password_guess,
        ),
        Operation(
            method="GET",
            path="/auth/sessions",
            name="listSessions",
            summary="See who is signed in",
            handler=handlers.list_sessions,
            caller=callers.linked,
            answers={200: objects.SessionsAnswer},
            refusals=LINKED,
            action=actions.request,
        ),
        Operation(
            method="DELETE",
            path="/auth/sessions/{sid}",
            name="endSession",
            summary="Sign somebody out",
            handler=handlers.end_session,
            caller=callers.proven,
            body=bodies.EndBody,
            answers={204: None},
            refusals=(*PROVEN, "not_found"),
            action=actions.request,
        ),
        Operation(
            method="GET",
            path="/.well-known/jwks.json",
            name="readKeySet",
            summary="Read the keys that sign access tokens",
            handler=handlers.key_set,
            answers={200: objects.KeySetAnswer},
            action=actions.request,
        ),
    )
