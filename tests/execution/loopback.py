"""A Dask scheduler and workers as processes of their own: loopback, any free port, ended with the test at latest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def cluster(folder: Path, workers: int = 2, tls: Mapping[str, str] | None = None) -> Iterator[str]:
    """Give the path of the scheduler file of a running cluster."""
    file = folder / "scheduler.json"
    security = [word for name, path in (tls or {}).items() for word in (f"--tls-{name}", path)]
    protocol = ["--protocol", "tls"] if tls else []
    environment = {
        **os.environ, "PYTHONPATH": str(Path(__file__).parent), "PYTHONWARNINGS": "ignore",
        "DASK_TEMPORARY_DIRECTORY": str(folder),
    }  # fmt: skip
    dask = [sys.executable, "-m", "dask"]
    with (folder / "log").open("w") as log:
        processes = [
            subprocess.Popen(
                [*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--idle-timeout", "120s",
                 "--scheduler-file", str(file), *protocol, *security],
                env=environment, stdout=log, stderr=log,
            )
        ]  # fmt: skip
        try:
            _written(file, processes[0])
            if workers:
                processes.append(
                    subprocess.Popen(
                        [*dask, "worker", "--scheduler-file", str(file), "--host", "127.0.0.1", "--nthreads", "1",
                         "--nworkers", str(workers), "--no-dashboard", "--death-timeout", "30",
                         "--memory-limit", "2GB", *protocol, *security],
                        env=environment, stdout=log, stderr=log,
                    )
                )  # fmt: skip
                if not tls:
                    _joined(str(file), workers)
            yield str(file)
        finally:
            for process in reversed(processes):
                process.terminate()
            for process in processes:
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def _joined(file: str, workers: int) -> None:
    from distributed import Client

    with Client(scheduler_file=file, set_as_default=False) as client:
        client.wait_for_workers(workers, timeout=60)


def _written(file: Path, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            json.loads(file.read_text())
        except (OSError, ValueError):
            assert process.poll() is None, "the scheduler did not start"
            assert time.monotonic() < end, "the scheduler did not start in time"
            time.sleep(0.05)
        else:
            return


def certificates(folder: Path) -> dict[str, str]:
    """Write a self-signed authority and one certificate for both sides; return the names of their files."""
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    def made(name: str, issuer: str, key: object, by: object, ca: bool) -> bytes:
        now = datetime.datetime.now(datetime.UTC)
        named = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in (name, issuer)]
        certificate = (
            x509.CertificateBuilder().subject_name(named[0]).issuer_name(named[1])
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .sign(by, hashes.SHA256())
        )  # fmt: skip
        return certificate.public_bytes(serialization.Encoding.PEM)

    authority, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    files = {"ca-file": folder / "ca.pem", "cert": folder / "cert.pem", "key": folder / "key.pem"}
    files["ca-file"].write_bytes(made("authority", "authority", authority, authority, ca=True))
    files["cert"].write_bytes(made("commensal", "authority", own, authority, ca=False))
    files["key"].write_bytes(own.private_bytes(serialization.Encoding.PEM, *plain))
    return {name: str(path) for name, path in files.items()}
