"""Where a server's index is: hosts, name, how to prove who we are.

    elasticsearch+http(s)://[user:password@]host[:port][,host[:port]...]/NAME[?ca-file=...]

What the address doesn't say is taken from SC2_ATTRIB_ELASTICSEARCH_* (CA_FILE, FINGERPRINT,
API_KEY, USER, PASSWORD). `ServerAddress.location` is what may be shown: it never holds a secret.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, quote, unquote

from sc2_attrib.index.errors import UsageError

SCHEMES: Final = ("elasticsearch+http://", "elasticsearch+https://")
PARAMETERS: Final = ("ca-file", "fingerprint", "api-key", "user", "password")
LOGIN: Final = ("api-key", "user", "password")
DEFAULT_PORT = 9200

_FORM = (
    "elasticsearch+http(s)://[user:password@]host[:port][,host[:port]...]/NAME, with special"
    " characters of user and password as %XX"
)
_HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:(?P<port>[0-9]{1,5}))?")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")  # what Elasticsearch takes, less what confuses
_API_KEY = re.compile(r"[A-Za-z0-9+/_=-]+")  # base64
_FINGERPRINT = re.compile(r"([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}")


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """An index on a server. `hosts` are URLs without credentials."""

    hosts: tuple[str, ...]
    name: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    fingerprint: str | None = None

    @property
    def location(self) -> str:
        """The address as it may be shown: without credentials."""
        scheme = self.hosts[0].partition("://")[0]
        hosts = ",".join(host.partition("://")[2] for host in self.hosts)
        return f"elasticsearch+{scheme}://{hosts}/{self.name}"


def is_server(location: str) -> bool:
    """Tell whether an index location names a server rather than a folder."""
    return location.startswith(SCHEMES)


def environment_name(parameter: str) -> str:
    """Name the environment variable of a parameter."""
    return f"SC2_ATTRIB_ELASTICSEARCH_{parameter.replace('-', '_').upper()}"


def parse_address(location: str, environment: Mapping[str, str]) -> ServerAddress:
    """Read an address; what it leaves open is read from the environment.

    Raises:
        UsageError: it has not the form it should, or contradicts itself. No message repeats a
            secret.
    """
    scheme, _, rest = location.partition("://")
    rest, _, query = rest.partition("?")
    authority, _, name = rest.rpartition("/")
    login, _, hosts = authority.rpartition("@")
    shown = f"{scheme}://{hosts}/{name}"
    protocol = scheme.removeprefix("elasticsearch+")
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{shown}: {name!r} can't name an index: lower-case letters, digits, '.', '_' and '-';"
            f" the form is {_FORM}"
        )
    urls = tuple(_url(protocol, host, shown) for host in hosts.split(","))
    given = _parameters(query, shown)
    user, colon, password = login.partition(":")
    if login:
        given |= {"user": unquote(user)} | ({"password": unquote(password)} if colon else {})
    return _checked(ServerAddress(urls, name, **_completed(given, environment)), shown)


def with_parameters(location: str, parameters: Mapping[str, str]) -> str:
    """Add parameters to an address, unless it states them itself."""
    base, _, query = location.partition("?")
    stated = _parameters(query, base)
    pairs = {**parameters, **stated}
    joined = "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs.items())
    return f"{base}?{joined}" if joined else base


def _parameters(query: str, shown: str) -> dict[str, str]:
    pairs = dict(parse_qsl(query.replace("+", "%2B"), keep_blank_values=True))
    for name in pairs:
        if name not in PARAMETERS:
            raise UsageError(
                f"{shown}: unknown parameter {name!r}; there are {', '.join(PARAMETERS)}"
            )
    return pairs


def _url(protocol: str, host: str, shown: str) -> str:
    found = _HOST.fullmatch(host)
    port = int(found["port"] or DEFAULT_PORT) if found else 0
    if found is None or not 0 < port < 65536:
        raise UsageError(f"{shown}: {host!r} is no host; the form is {_FORM}")
    return f"{protocol}://{found['host']}:{port}"


def _completed(given: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str | None]:
    """Fill in from the environment; one way to log in leaves the other out."""
    said = {
        name: value
        for name in PARAMETERS
        if (value := given.get(name) or environment.get(environment_name(name)))
    }
    if "user" in given and "api-key" not in given:
        said.pop("api-key", None)
    if "api-key" in given and "user" not in given:
        said.pop("user", None)
        said.pop("password", None)
    return {name.replace("-", "_"): value for name, value in said.items()}


def _checked(address: ServerAddress, shown: str) -> ServerAddress:
    is_encrypted = address.hosts[0].startswith("https:")
    if address.api_key and address.user:
        raise UsageError(f"{shown}: both an API key and a user; give one of them")
    if bool(address.user) != bool(address.password):
        raise UsageError(f"{shown}: a user needs a password, and a password a user")
    if address.api_key and not _API_KEY.fullmatch(address.api_key):
        raise UsageError(f"{shown}: the API key must be the 'encoded' one, letters and digits")
    if address.fingerprint and not _FINGERPRINT.fullmatch(address.fingerprint):
        raise UsageError(f"{shown}: the fingerprint must be 64 hexadecimal digits (SHA-256)")
    if (address.ca_file or address.fingerprint) and not is_encrypted:
        raise UsageError(f"{shown}: a CA file or fingerprint needs elasticsearch+https://")
    return address
