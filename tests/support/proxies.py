"""nginx and Caddy with the files of deploy/, between clients and the real program.

Only ports, the paths of the certificate and the include path are put in; everything else is as it
is delivered. All files that a proxy could write lie in one folder, and what it prints is kept.
"""

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
PATIENCE = 30
# What Debian's own nginx.conf does, with files of the test's: there is an access log, and there is
# an error log, unless a server says otherwise.
NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/conf.d/*.conf;
}}
"""


@dataclass
class Certificate:
    """A certificate that signs itself, for 127.0.0.1, and who trusts it."""

    path: Path
    key: Path
    trusting: ssl.SSLContext


def make_certificate(folder: Path) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    found = Certificate(
        folder / "certificate.pem", folder / "key.pem", ssl.create_default_context()
    )
    found.path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    found.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    found.trusting.load_verify_locations(found.path)
    return found


@dataclass
class Proxy:
    """A proxy that runs. `folder` holds every file that it has or writes."""

    folder: Path
    http: int
    https: int

    def written(self) -> str:
        """All that the proxy has printed and written, configuration and certificate left out."""
        ours = {"nginx.conf", "Caddyfile", "certificate.pem", "key.pem", "ephemeral.conf"}
        return "\n".join(
            f"{path}: {path.read_bytes().decode('latin-1')}"
            for path in self.folder.rglob("*")
            if path.is_file() and path.name not in ours
        )


def free_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def put_in(text: str, changes: dict[str, str]) -> str:
    """The text with every one of these replaced, which must all be there."""
    for old, new in changes.items():
        assert old in text, f"{old!r} is not in the delivered file"
        text = text.replace(old, new)
    return text


def nginx(folder: Path, site: str, upstream: int, certificate: Certificate) -> Iterator[Proxy]:
    """nginx with deploy/nginx/conf.d/`site`, on ports of its own."""
    http, https = free_ports(2)
    (folder / "conf.d").mkdir()
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder))
    snippet = (DEPLOY / "nginx/snippets/ephemeral.conf").read_text()
    (folder / "ephemeral.conf").write_text(snippet)
    changes = {
        "listen 80;": f"listen 127.0.0.1:{http};",
        "listen 443 ": f"listen 127.0.0.1:{https} ",
        "/etc/ssl/ephemeral/certificate.pem": str(certificate.path),
        "/etc/ssl/ephemeral/key.pem": str(certificate.key),
        "127.0.0.1:3000": f"127.0.0.1:{upstream}",
        "snippets/ephemeral.conf;": f"{folder}/ephemeral.conf;",
    }
    site_text = put_in((DEPLOY / "nginx/conf.d" / site).read_text(), changes)
    (folder / "conf.d/ephemeral.conf").write_text(site_text)
    as_user = ["-g", "user root;"] if os.geteuid() == 0 else []
    command = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), *as_user]
    yield from _running(command, Proxy(folder, http, https), {})


def caddy(folder: Path, site: str, upstream: int, certificate: Certificate) -> Iterator[Proxy]:
    """Caddy with deploy/caddy/`site`, on ports of its own."""
    http, https = free_ports(2)
    ports = f"\thttp_port {http}\n\thttps_port {https}\n\tdefault_bind 127.0.0.1\n"
    changes = {
        "\tadmin off\n": f"\tadmin off\n{ports}",
        "# tls /etc/caddy/certificate.pem /etc/caddy/key.pem": (
            f"tls {certificate.path} {certificate.key}"
        ),
    }
    text = put_in((DEPLOY / "caddy" / site).read_text(), changes)
    (folder / "Caddyfile").write_text(text)
    command = ["caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]
    environment = {
        "SITE_ADDRESS": "127.0.0.1", "UPSTREAM": f"127.0.0.1:{upstream}", "HOME": str(folder),
        "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder),
    }  # fmt: skip
    yield from _running(command, Proxy(folder, http, https), environment)


PROXIES = {"nginx": contextmanager(nginx), "caddy": contextmanager(caddy)}


def _running(command: list[str], proxy: Proxy, environment: dict[str, str]) -> Iterator[Proxy]:
    path = f"{os.environ['PATH']}{os.pathsep}/usr/sbin"
    program = shutil.which(command[0], path=path)
    if program is None:
        if os.environ.get("CI"):
            pytest.fail(f"There is no {command[0]}, and CI must not skip what goes through it.")
        pytest.skip(f"NO {command[0].upper()}: install it, or nothing is sent through it")
    with (proxy.folder / "printed").open("wb") as printed:
        process = subprocess.Popen(
            [program, *command[1:]],
            env={"PATH": path, **environment},
            stdout=printed,
            stderr=subprocess.STDOUT,
        )
        try:
            for port in (proxy.http, proxy.https):
                _wait_for(port, process, proxy)
            yield proxy
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _wait_for(port: int, process: subprocess.Popen[bytes], proxy: Proxy) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"The proxy did not start:\n{proxy.written()}")
