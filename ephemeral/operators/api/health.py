"""How this process stands, in sentences: what the metrics read and what readiness says."""

from collections.abc import Mapping
from typing import NamedTuple

from ephemeral import metrics
from ephemeral.edge.wing import Standing
from ephemeral.protocol.errors import Refusal

__all__ = ["Health", "health"]

_TROUBLES = {
    "ephemeral_epoch_alarm": "A key that should have been destroyed is still there, or is lacking.",
    "ephemeral_database_set_back": "The database is at an earlier state than it was.",
    "ephemeral_clock_doubted": "The database's clock can't be right.",
    "ephemeral_stopping": "This process was told to stop.",
}


class Health(NamedTuple):
    """`refusal`: why this process doesn't serve, if it doesn't. `parts`: name and state."""

    refusal: str | None
    parts: Mapping[str, str]
    alarms: tuple[str, ...]
    epoch_seconds: int
    sockets: int
    faults: int


async def health(standing: Standing) -> Health:
    """Of this moment."""
    refusal, parts = None, {}
    try:
        parts = dict(await standing.ready())
    except Refusal as error:
        refusal = error.message
    alarms = [sentence for name, sentence in _TROUBLES.items() if _value(name)]
    alarms += [
        f"The database: {kind.replace('_', ' ')}."
        for kind in metrics.TROUBLES
        if _value("ephemeral_database_trouble", {"kind": kind})
    ]
    return Health(
        refusal,
        parts,
        tuple(alarms),
        int(_value("ephemeral_epoch_key_age_seconds")),
        int(_value("ephemeral_sockets")),
        int(_value("ephemeral_faults_total")),
    )


def _value(name: str, labels: dict[str, str] | None = None) -> float:
    return metrics.REGISTRY.get_sample_value(name, labels) or 0.0
