"""Which bytes may be a key: the browser's own arithmetic and libsodium's say the same of any."""

import json
import random
import subprocess
from pathlib import Path

from nacl.bindings import (
    crypto_core_ed25519_is_valid_point,
    crypto_scalarmult_ed25519_base_noclamp,
)
from playwright._impl._driver import compute_driver_executable

P = 2**255 - 19
MODULE = Path(__file__).resolve().parents[2] / "web/static/js/protocol/accounts/points.js"
ASK = f"""
import {{ text }} from "node:stream/consumers";
import {{ isPrimeOrderPoint }} from {json.dumps(MODULE.as_uri())};
const asked = JSON.parse(await text(process.stdin));
const verdicts = asked.map((hex) => isPrimeOrderPoint(new Uint8Array(Buffer.from(hex, "hex"))));
console.log(JSON.stringify(verdicts));
"""


def test_any_bytes_are_a_key_for_the_browser_if_they_are_one_for_libsodium():
    """One in sixteen of what is drawn is a key by itself: most is off the curve, or of mixed order.
    Half a second: each takes the browser's arithmetic a millisecond or two."""
    draw = random.Random(14)
    keys = [crypto_scalarmult_ed25519_base_noclamp(draw.randbytes(31) + b"\0") for _ in range(60)]
    # Low ones, each in both forms that a lenient reader takes, and the highest.
    small = [y for low in range(19) for y in (low, low + P)] + [P - 1, P - 2, 2**255 - 1]
    asked = [
        *(draw.randbytes(32) for _ in range(300)),
        *keys,
        *(key[:31] + bytes([key[31] ^ 0x80]) for key in keys),
        *((y | sign << 255).to_bytes(32, "little") for y in small for sign in (0, 1)),
    ]
    node, _ = compute_driver_executable()
    said = subprocess.run(
        [node, "--input-type=module", "--eval", ASK],
        input=json.dumps([one.hex() for one in asked]),
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    verdicts = dict(zip(asked, json.loads(said.stdout), strict=False))
    assert verdicts == {one: bool(crypto_core_ed25519_is_valid_point(one)) for one in asked}
    valid = sum(verdicts.values())
    assert 120 < valid < len(asked) - 200
