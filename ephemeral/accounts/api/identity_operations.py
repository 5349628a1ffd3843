"""The table of identities of others: there only where a deployment names an issuer."""

from ephemeral.accounts.api import identity_bodies as bodies
from ephemeral.accounts.api.actions import AccountActions
from ephemeral.accounts.api.callers import AccountCallers
from ephemeral.accounts.api.identity_handlers import (
    IdentitiesAnswer,
    IdentityHandlers,
    NonceAnswer,
)
from ephemeral.accounts.api.sign_in_bodies import PROOF_HEADERS
from ephemeral.accounts.api.sign_in_objects import TokensAnswer
from ephemeral.accounts.api.sign_in_operations import LINKED, PASSWORD, PROVEN, SET_COOKIE
from ephemeral.edge.operations import Operation

__all__ = ["identity_operations"]

_BINDING = {"sent_cookie": "Cookie"}


def identity_operations(
    handlers: IdentityHandlers, callers: AccountCallers, actions: AccountActions
) -> tuple[Operation, ...]:
    """The operations, with who performs them, who may ask for them, and what they count as."""
    return (
        Operation(
            method="POST",
            path="/auth/oidc/nonce",
            name="beginIdentity",
            summary="Begin to sign in at the other service (OpenID Connect)",
            handler=handlers.begin,
            body=bodies.NonceBody,
            answers={201: NonceAnswer},
            answer_headers={"Set-Cookie": "The binding, where it was asked for in a cookie"},
            action=actions.login,
        ),
        Operation(
            method="POST",
            path="/auth/oidc",
            name="signInByIdentity",
            summary="Sign in by an ID token; as a device, with its proof over an empty token",
            handler=handlers.sign_in,
            body=bodies.IdentityLoginBody,
            headers=PROOF_HEADERS | _BINDING,
            answers={200: TokensAnswer},
            answer_headers=SET_COOKIE,
            refusals=("id_token_wrong", "identity_unknown", "device_revoked", "proof_wrong"),
            action=actions.login,
        ),
        Operation(
            method="POST",
            path="/auth/oidc/register",
            name="registerByIdentity",
            summary="Make an account that an identity opens, and sign in",
            handler=handlers.register,
            body=bodies.IdentityRegisterBody,
            headers=_BINDING,
            answers={201: TokensAnswer},
            answer_headers=SET_COOKIE,
            refusals=(
                "address_form",
                "id_token_wrong",
                "invitation_needed",
                "invitation_unknown",
                "address_taken",
                "identity_taken",
            ),
            action=actions.register,
        ),
        Operation(
            method="POST",
            path="/auth/oidc/password",
            name="setFirstPassword",
            summary="Take a first password, or another after signing in elsewhere just now",
            handler=handlers.set_password,
            caller=callers.proven,
            body=bodies.FirstPasswordBody,
            headers=_BINDING,
            answers={204: None},
            refusals=(*PROVEN, "id_token_wrong", "reauthentication_needed", "identity_unknown"),
            action=actions.request,
        ),
        Operation(
            method="POST",
            path="/auth/identities",
            name="linkIdentity",
            summary="Let an identity open the account",
            handler=handlers.link,
            caller=callers.proven,
            body=bodies.IdentityLinkBody,
            headers=_BINDING,
            answers={204: None},
            refusals=(*PROVEN, *PASSWORD, "id_token_wrong", "identity_taken", "identity_full"),
            action=actions.request,
            guesses=actions.password_guess,
        ),
        Operation(
            method="GET",
            path="/auth/identities",
            name="listIdentities",
            summary="See which identities open the account",
            handler=handlers.listed,
            caller=callers.linked,
            answers={200: IdentitiesAnswer},
            refusals=LINKED,
            action=actions.request,
        ),
        Operation(
            method="DELETE",
            path="/auth/identities/{id}",
            name="unlinkIdentity",
            summary="Let an identity open the account no more",
            handler=handlers.unlink,
            caller=callers.proven,
            body=bodies.UnlinkBody,
            answers={204: None},
            refusals=(*PROVEN, *PASSWORD, "not_found"),
            action=actions.request,
            guesses=actions.password_guess,
        ),
    )
