"""Certificates of servers: trusted ones, and what is wrong with others."""

import os
import ssl

import aiohttp

from openmedlm.inference.errors import EndpointDownError

BUNDLE_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Environment variables that name a file or a folder of trusted certificates."""

_TRUST = "Name a file with it in SSL_CERT_FILE, such as SSL_CERT_FILE=cert.pem"

_PROBLEMS = {
    9: ("the certificate is not valid yet", "Set the clock of this machine, or renew the certificate"),
    10: ("the certificate has expired", "Renew it on the server"),
    18: ("the self-signed certificate is not trusted", _TRUST),
    19: ("the certificate of an unknown authority is not trusted", _TRUST.replace("it in", "the authority's in")),
    20: ("the certificate of an unknown authority is not trusted", _TRUST.replace("it in", "the authority's in")),
    21: ("the certificate of an unknown authority is not trusted", _TRUST.replace("it in", "the authority's in")),
    62: ("the certificate is for another host", "Write the host of the certificate in --api-base"),
    64: ("the certificate is for another host", "Write the host of the certificate in --api-base"),
}
"""Problem and fix by OpenSSL's code."""


def trusted_certificates() -> ssl.SSLContext:
    """Return the TLS settings: the system's certificates, and those that the environment names.

    Raises:
        EndpointDownError: A file in the environment holds no certificate.
    """
    context = ssl.create_default_context()
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # a server's own certificate may be trusted, too
    for variable in BUNDLE_VARIABLES:
        if not (path := os.environ.get(variable)):
            continue
        try:
            context.load_verify_locations(**{"capath" if os.path.isdir(path) else "cafile": path})  # noqa: PTH112
        except OSError as error:
            reason = "no certificate in it" if isinstance(error, ssl.SSLError) else str(error.strerror)
            raise EndpointDownError(
                f"cannot read the certificates in {variable}={path}: {reason}. Name a file in PEM format."
            ) from error
    return context


def explain_tls_error(error: BaseException, url: str) -> str | None:
    """Return the message of a TLS error, with its fix; None for any other error.

    Args:
        error: Error of a connection, or an error that it caused.
        url: Address of the server.
    """
    seen: BaseException | None = error
    # aiohttp's own error is an SSLError, too, but without the fields of one.
    while seen is not None and (isinstance(seen, aiohttp.ClientError) or not isinstance(seen, ssl.SSLError)):
        inner = getattr(seen, "certificate_error", None) or getattr(seen, "os_error", None)
        seen = inner or seen.__cause__ or seen.__context__
    if not isinstance(seen, ssl.SSLError):
        return None
    if isinstance(seen, ssl.SSLCertVerificationError):
        problem, fix = _PROBLEMS.get(seen.verify_code, ("the certificate is not trusted", _TRUST))
        return f"{problem} at {url}: {seen.verify_message.rstrip('.')}. {fix}."
    if seen.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG"):
        return f"no TLS at {url}: {seen.reason}. Write http:// in --api-base."
    return f"the TLS connection to {url} failed: {seen.reason or seen}. Check the server's certificate."
