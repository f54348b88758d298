"""Certificates for loopback, made afresh by the `openssl` program."""

from __future__ import annotations

import dataclasses
import pathlib
import subprocess

import grpc

_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


@dataclasses.dataclass(frozen=True)
class Certificate:
    """A server's, and the authority that signed it."""

    authority: pathlib.Path
    certificate: pathlib.Path
    key: pathlib.Path

    def server_credentials(self) -> grpc.ServerCredentials:
        """For a server that proves itself by it."""
        return grpc.ssl_server_credentials([(self.key.read_bytes(), self.certificate.read_bytes())])


def make(folder: pathlib.Path, name: str = "server") -> Certificate:
    """For 127.0.0.1 and localhost, valid for a day, with an authority of its own."""
    authority, authority_key, request, certificate, key = (
        folder / f"{name}-{part}.pem" for part in ("authority", "authority-key", "request", "certificate", "key"))
    extensions = folder / f"{name}.ext"
    extensions.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)

    openssl("req", "-x509", *_KEY, "-days", "1", "-keyout", str(authority_key), "-out", str(authority), "-subj",
            f"/CN=authority of {name}", "-addext", "keyUsage=critical,keyCertSign")
    openssl("req", *_KEY, "-keyout", str(key), "-out", str(request), "-subj", "/CN=localhost")
    openssl("x509", "-req", "-in", str(request), "-CA", str(authority), "-CAkey", str(authority_key),
            "-CAcreateserial", "-days", "1", "-extfile", str(extensions), "-out", str(certificate))
    return Certificate(authority, certificate, key)
