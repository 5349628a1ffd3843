"""Recovery as it is asked: the signature of the recovery words is all that lets anybody in."""

from ephemeral.accounts.api import device_objects as objects
from ephemeral.accounts.api.device_bodies import BeginRequest, RecoverRequest
from ephemeral.accounts.api.sign_in_handlers import TokenAnswers
from ephemeral.accounts.service.proofs import Proof
from ephemeral.accounts.service.recovery import Recovery
from ephemeral.edge.operations import Answer

__all__ = ["RecoveryHandlers"]


class RecoveryHandlers:
    """The handlers of recovery. `base_path` is the deployment's."""

    def __init__(self, recovery: Recovery, answers: TokenAnswers, base_path: str) -> None:
        self._recovery = recovery
        self._answers = answers
        self._path = f"{base_path}/auth/recover/begin"

    async def begin(self, _caller: None, asked: BeginRequest) -> bytes:
        """Give the chain and the pins."""
        proof = Proof(asked.proof, "POST", self._path, asked.address)
        begun = await self._recovery.begin(asked.address, asked.recovery_key, proof)
        return objects.begun(begun)

    async def recover(self, _caller: None, asked: RecoverRequest) -> Answer:
        """Recover, and sign the new device in."""
        opened = await self._recovery.recover(
            asked.address, asked.signed, asked.auth_key, asked.sealing
        )
        return await self._answers.of(opened, in_cookie=asked.cookie)
