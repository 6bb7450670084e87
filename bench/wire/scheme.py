"""Whether an address is spoken to in the scheme that its server speaks: http is plain, https is inside TLS."""

import socket
import ssl
from urllib.parse import urlsplit

_WITHIN_S = 3.0


def other_scheme(url: str) -> str | None:
    """The same address in the scheme that its server speaks; None: it is the right one, or nobody listens."""
    parts = urlsplit(url)
    tls = _speaks_tls(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
    if tls is None or tls == (parts.scheme == "https"):
        return None
    return f"{'https' if tls else 'http'}://{parts.netloc}"


def _speaks_tls(host: str, port: int) -> bool | None:
    """Whether a handshake succeeds, whoever the certificate is of; None: nobody listens there."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # nothing is sent inside
    try:
        with socket.create_connection((host, port), timeout=_WITHIN_S) as opened:
            try:
                with context.wrap_socket(opened, server_hostname=host):
                    return True
            except ssl.SSLError as error:
                # an alert is TLS too (a client certificate is wanted); what is no record at all is none
                return "ALERT" in (error.reason or "")
            except (ConnectionError, TimeoutError):
                return False
    except OSError:
        return None
