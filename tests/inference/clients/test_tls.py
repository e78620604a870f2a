"""Tests of certificates, against servers whose certificates the tests make."""

import asyncio
import json
import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from openmedlm.inference import EndpointDownError, find_endpoint, open_client
from openmedlm.inference.clients.tls import BUNDLE_VARIABLES, explain_tls_error
from openmedlm.inference.request import Request
from openmedlm.programs import SamplingParams

REQUEST = Request(({"role": "user", "content": "Which organ?"},), SamplingParams(max_tokens=8))
pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")

LOOPBACK = "subjectAltName=IP:127.0.0.1"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._send({"data": [{"id": "m"}]})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._send({"choices": [{"message": {"content": "B"}}]})

    def _send(self, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def make_certificate(folder: Path, *arguments: str, name: str = LOOPBACK) -> None:
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "key.pem")
    openssl(folder, "req", "-x509", *key, "-out", "cert.pem", "-subj", "/CN=test", "-addext", name, *arguments)


@contextmanager
def serving(folder: Path, tls: bool = True) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()


def ask(base_url: str, check: bool = True) -> str:
    async def go() -> str:
        async with open_client(find_endpoint("openai/m", base_url, "a-key"), 4, 10.0) as client:
            if check:
                await client.check()
            (done,) = await client.complete(REQUEST)
            return done.text

    return asyncio.run(go())


@pytest.fixture(autouse=True)
def no_bundles(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in BUNDLE_VARIABLES:
        monkeypatch.delenv(variable, raising=False)


def signed_by_unknown(folder: Path) -> None:
    make_certificate(folder)
    for name in ("cert", "key"):
        (folder / f"{name}.pem").rename(folder / f"ca-{name}.pem")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "key.pem")
    openssl(folder, "req", *curve, "-out", "request.pem", "-subj", "/CN=server")
    (folder / "names").write_text(LOOPBACK)
    openssl(folder, "x509", "-req", "-in", "request.pem", "-CA", "ca-cert.pem", "-CAkey", "ca-key.pem", "-days", "2",
            "-extfile", "names", "-out", "cert.pem")  # fmt: skip


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("make", "problem", "fix"),
    [
        (make_certificate, "self-signed certificate is not trusted", "SSL_CERT_FILE"),
        (signed_by_unknown, "unknown authority", "SSL_CERT_FILE"),
    ],
)
def test_untrusted_certificate_is_named_with_its_fix(
    make: Callable[[Path], None], problem: str, fix: str, check: bool, tmp_path: Path
) -> None:
    make(tmp_path)
    with serving(tmp_path) as url, pytest.raises(EndpointDownError, match=problem) as caught:
        ask(url, check)
    assert fix in str(caught.value)
    assert "not permitted" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("variable", BUNDLE_VARIABLES)
@pytest.mark.parametrize(("make", "file"), [(make_certificate, "cert.pem"), (signed_by_unknown, "ca-cert.pem"),
                                            (signed_by_unknown, "cert.pem")])  # fmt: skip
def test_certificate_in_the_environment_is_trusted(
    variable: str, make: Callable[[Path], None], file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path)
    monkeypatch.setenv(variable, str(tmp_path / file))
    with serving(tmp_path) as url:
        assert ask(url) == "B"


def test_wrong_host_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_certificate(tmp_path, name="subjectAltName=DNS:elsewhere.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    with serving(tmp_path) as url, pytest.raises(EndpointDownError, match=r"another host.*--api-base"):
        ask(url)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_unusable_bundle_is_named(content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_text(content)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with pytest.raises(EndpointDownError, match=r"REQUESTS_CA_BUNDLE=.*bundle\.pem"):
        ask("https://127.0.0.1:1/v1")


def test_server_without_tls_is_named(tmp_path: Path) -> None:
    with serving(tmp_path, tls=False) as url, pytest.raises(EndpointDownError, match=r"no TLS.*http://"):
        ask(url)


@pytest.mark.parametrize(
    ("code", "problem"), [(9, "not valid yet"), (10, "expired"), (19, "unknown authority"), (62, "another host"),
                          (64, "another host"), (99, "not trusted")]
)  # fmt: skip
def test_every_kind_of_certificate_error_has_a_line(code: int, problem: str) -> None:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, "reason."
    outer = RuntimeError("wrapped")
    outer.__cause__ = error
    line = explain_tls_error(outer, "https://host")
    assert line is not None
    assert problem in line
    assert ".." not in line


def test_other_errors_are_not_explained() -> None:
    assert explain_tls_error(ConnectionRefusedError(1, "no"), "https://host") is None
