"""What stands around a site: the lab's issuer, the API behind the gateway, and the places where nothing is right."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.lab.component import Routes
from tests.lab.processes import Process, free_port, listens
from tests.lab.tokens import Issuer

_PATIENCE = 20.0


class Rig:
    """The surroundings of one site; a context manager, at whose end its processes are gone."""

    def __init__(self, folder: Path, *, checks: bool) -> None:
        """`checks`: whether the API checks tokens, since the gateway does not."""
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._ports = {name: free_port() for name in ("issuer", "api", "slow", "tls", "down")}
        self.issuer = Issuer(f"http://127.0.0.1:{self._ports['issuer']}", folder / "issuer")
        _write_certificate(folder / "issuer" / "tls.pem")
        self._checks = checks
        self._processes: list[Process] = []

    def __enter__(self) -> Rig:
        ports, output = self._ports, self._folder / "output.txt"
        keys = [
            "-m",
            "http.server",
            "--bind",
            "127.0.0.1",
            "--directory",
            self.issuer.folder,
            str(ports["issuer"]),
        ]
        api = ["-m", "tests.lab.api", *(str(ports[name]) for name in ("api", "slow", "tls")), self.issuer.folder,
               self.issuer.url, "checks" if self._checks else "trusts"]  # fmt: skip
        for arguments, port in ((keys, ports["issuer"]), (api, ports["api"])):
            process = Process([sys.executable, *arguments], output)
            self._processes.append(process)
            process.wait_for(lambda port=port: listens(port), _PATIENCE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.stop()

    def routes(self, port: int, server_port: int) -> Routes:
        """The routes of a gateway at `port`, with the authorization server at `server_port`."""
        at = {name: f"127.0.0.1:{number}" for name, number in self._ports.items()}
        return Routes(
            port=port,
            server=f"http://127.0.0.1:{server_port}",
            api=f"http://{at['api']}",
            down=f"http://{at['down']}",
            slow=f"http://{at['slow']}",
            broken_tls=f"https://{at['tls']}",
            issuer=self.issuer.url,
            jwks=self.issuer.jwks_url,
        )


def _write_certificate(path: Path) -> None:
    """A certificate of nobody's authority, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "untrusted.example.com")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2)).not_valid_after(now + timedelta(days=2))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
