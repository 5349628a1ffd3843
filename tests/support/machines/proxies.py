"""nginx, Caddy and Traefik with the files of deploy/, between clients and the real program.

Only ports, the paths of the certificate and the include path are put in; everything else is as it
is delivered. All files that a proxy could write lie in one folder, and what it prints is kept.
"""

import os
import shutil
import socket
import ssl
import subprocess
import sys
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

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
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
    """A certificate that signs itself, for 127.0.0.1, who trusts it, and who has it."""

    path: Path
    key: Path
    trusting: ssl.SSLContext

    @property
    def serving(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path, self.key)
        return context


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
        ours = {
            "nginx.conf", "Caddyfile", "certificate.pem", "key.pem", "ephemeral.conf",
            "traefik.yaml", "ephemeral.yaml",
        }  # fmt: skip
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


def nginx(
    folder: Path, site: str, upstream: int, certificate: Certificate, objects: str = "9m"
) -> Iterator[Proxy]:
    """nginx with deploy/nginx/conf.d/`site`, on ports of its own.

    `objects`: how long parts of files may be.
    """
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
        "client_max_body_size 9m;": f"client_max_body_size {objects};",
        "snippets/ephemeral.conf;": f"{folder}/ephemeral.conf;",
    }
    site_text = put_in((DEPLOY / "nginx/conf.d" / site).read_text(), changes)
    (folder / "conf.d/ephemeral.conf").write_text(site_text)
    as_user = ["-g", "user root;"] if os.geteuid() == 0 else []
    command = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), *as_user]
    yield from _running(command, Proxy(folder, http, https), certificate, {})


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
    yield from _running(command, Proxy(folder, http, https), certificate, environment)


def traefik(
    folder: Path, site: str, upstream: int, certificate: Certificate, patience: int = 240
) -> Iterator[Proxy]:
    """Traefik with deploy/traefik/`site`, on ports of its own.

    `patience`: for how many seconds it waits for a request.
    """
    http, https = free_ports(2)
    static = put_in(
        (DEPLOY / "traefik/traefik.yaml").read_text(),
        {
            'address: ":80"': f'address: "127.0.0.1:{http}"',
            'address: ":443"': f'address: "127.0.0.1:{https}"',
            "/etc/traefik/ephemeral.yaml": f"{folder}/ephemeral.yaml",
            "/var/lib/traefik/acme.json": f"{folder}/acme.json",
            "readTimeout: 240s": f"readTimeout: {patience}s",
        },
    )
    (folder / "traefik.yaml").write_text(static)
    dynamic = put_in(
        (DEPLOY / "traefik" / site).read_text(),
        {
            "rooms.example": "127.0.0.1",
            "http://127.0.0.1:3000": f"http://127.0.0.1:{upstream}",
            "      tls:\n        certResolver: acme\n": "      tls: {}\n",
            "# tls:": "tls:",
            "#   certificates:": "  certificates:",
            "#     - certFile: /etc/traefik/certificate.pem": f"    - certFile: {certificate.path}",
            "#       keyFile: /etc/traefik/key.pem": f"      keyFile: {certificate.key}",
        },
    )
    (folder / "ephemeral.yaml").write_text(dynamic)
    command = ["traefik", f"--configfile={folder}/traefik.yaml"]
    environment = {"HOME": str(folder)}
    yield from _running(command, Proxy(folder, http, https), certificate, environment)


PROXIES = {
    "nginx": contextmanager(nginx),
    "caddy": contextmanager(caddy),
    "traefik": contextmanager(traefik),
}


def _running(
    command: list[str], proxy: Proxy, certificate: Certificate, environment: dict[str, str]
) -> Iterator[Proxy]:
    # Where tools/proxies.sh puts what no distribution has comes first: it is the version that is
    # meant.
    path = os.pathsep.join([f"{sys.prefix}/traefik/bin", os.environ["PATH"], "/usr/sbin"])
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
            _wait_for(proxy, certificate, process)
            yield proxy
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _wait_for(proxy: Proxy, certificate: Certificate, process: subprocess.Popen[bytes]) -> None:
    """Until it passes requests on. Traefik has open ports before it has read which and where to."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if _passes_on(proxy, certificate):
                return
        except OSError:
            pass
        time.sleep(0.05)
    pytest.fail(f"The proxy did not start:\n{proxy.written()}")


def _passes_on(proxy: Proxy, certificate: Certificate) -> bool:
    """Whether what answers /chat/, which each site passes on, isn't Traefik itself."""
    socket.create_connection(("127.0.0.1", proxy.http), 1).close()
    with (
        socket.create_connection(("127.0.0.1", proxy.https), 1) as plain,
        certificate.trusting.wrap_socket(plain, server_hostname="127.0.0.1") as line,
    ):
        line.sendall(b"GET /chat/ HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
        answer = b"".join(iter(lambda: line.recv(65_536), b""))
    return b"404 page not found" not in answer
