"""Addresses and credentials: encrypted, logged in, and never shown."""

from pathlib import Path
from urllib.parse import quote

import pytest

from sc2_attrib.index.building import BuildOptions
from sc2_attrib.index.elastic.address import ServerAddress, parse_address, with_parameters
from sc2_attrib.index.elastic.connection import Connection
from sc2_attrib.index.errors import IndexServerError, UsageError
from sc2_attrib.index.stores import ServerStore
from tests.index.corpora import Documents, code_like, document
from tests.index.elastic.conftest import new_address
from tests.index.elastic.proxy import API_KEY, PASSWORD, USER, Certificate, Manners, proxy
from tests.index.elastic.servers import Node

LOGIN = f"{USER}:{quote(PASSWORD, safe='')}@"
ENVIRONMENT = "SC2_ATTRIB_ELASTICSEARCH_"


def test_address_in_full() -> None:
    """Hosts, ports, credentials with special characters, parameters."""
    address = parse_address(
        "elasticsearch+https://us%40er:p%3A%2Fw@es1:9201,[::1],10.0.0.3/my-index?ca-file=/a%20b.pem",
        {},
    )
    assert address == ServerAddress(
        ("https://es1:9201", "https://[::1]:9200", "https://10.0.0.3:9200"),
        *("my-index", "us@er", "p:/w"),
        ca_file="/a b.pem",
    )
    shown = "elasticsearch+https://es1:9201,[::1]:9200,10.0.0.3:9200/my-index"
    assert address.location == shown
    assert "p:/w" not in repr(address)


def test_environment_completes_an_address() -> None:
    """What the address states wins; one way to log in leaves the other out."""
    environment = {f"{ENVIRONMENT}API_KEY": "key", f"{ENVIRONMENT}CA_FILE": "/ca.pem"}
    bare = parse_address("elasticsearch+https://h/n", environment)
    assert (bare.api_key, bare.ca_file, bare.user) == ("key", "/ca.pem", None)
    stated = parse_address("elasticsearch+https://u:p@h/n?ca-file=/x.pem", environment)
    assert (stated.api_key, stated.ca_file, stated.user) == (None, "/x.pem", "u")


@pytest.mark.parametrize(
    "location",
    [
        "elasticsearch+http://u:secret@h/",
        "elasticsearch+http://u:secret@h/UPPER",
        "elasticsearch+http://u:secret@h:99999/n",
        "elasticsearch+http://u:secret@/n",
        "elasticsearch+http://u:secret@h,/n",
        "elasticsearch+http://u:secret@h h/n",
        "elasticsearch+http://u:secret@h/n?token=x",
        "elasticsearch+http://u:secret@h/n?api-key=k",
        "elasticsearch+http://h/n?api-key=secret%0d%0ax:%20y",
        "elasticsearch+http://u:secret@h/n?ca-file=/x",
        "elasticsearch+https://u:secret@h/n?fingerprint=12",
        "elasticsearch+https://:secret@h/n",
        "elasticsearch+https://secret@h/n",
    ],
)
def test_wrong_address_is_refused_without_its_secret(location: str) -> None:
    """The line says what is wrong and shows no credentials."""
    with pytest.raises(UsageError) as caught:
        parse_address(location, {})
    assert "secret" not in str(caught.value)


def test_parameters_are_added_to_an_address() -> None:
    """Those of configuration files, unless the address states them."""
    location = with_parameters("elasticsearch+https://h/n?user=a", {"user": "b", "password": "+ %"})
    address = parse_address(location, {})
    assert (address.user, address.password) == ("a", "+ %")


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_unusable_ca_file(content: bytes | None, tmp_path: Path) -> None:
    """One line that names the file, before anything is sent."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=r"elasticsearch.*CA file .*ca\.pem"):
        Connection(parse_address(f"elasticsearch+https://h/n?ca-file={path}", {}))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.new(tmp_path_factory.mktemp("tls"))


@pytest.mark.elastic
def test_trusted_and_logged_in(node_8: Node, certificate: Certificate, tmp_path: Path) -> None:
    """By CA file or fingerprint, by user or API key: build and search; else one line, no secret."""
    text = code_like(2, 3000, 1)[0]
    name = new_address(node_8).name
    other = Certificate.new(tmp_path)
    with proxy(node_8.host, Manners(login=True), certificate) as host:

        def opened(login: str, parameters: str) -> ServerStore:
            location = f"elasticsearch+https://{login}{host}/{name}?{parameters}"
            return ServerStore(parse_address(location, {}))

        ca, fingerprint = f"ca-file={certificate.certificate}", certificate.fingerprint
        opened(LOGIN, ca).build([Documents([document(text)])], BuildOptions())
        for login, parameters in (
            (LOGIN, f"fingerprint={fingerprint}"),
            ("", f"{ca}&api-key={API_KEY}"),
            ("", f"fingerprint={fingerprint.replace(':', '')}&api-key={API_KEY}"),
        ):
            with opened(login, parameters).open() as index:
                assert index.search([text], min_chars=50, max_sources=0)[0].matches
                assert PASSWORD not in index.describe().location
        for login, parameters, why in (
            ("", ca, "credentials"),
            ("scanner:wrong@", ca, "credentials"),
            (LOGIN, "", "trusted"),
            (LOGIN, f"ca-file={other.certificate}", "trusted"),
            (LOGIN, f"fingerprint={other.fingerprint}", "trusted"),
        ):
            with pytest.raises(IndexServerError, match=why) as caught:
                opened(login, parameters).open()
            assert "wrong" not in str(caught.value)
            assert PASSWORD not in str(caught.value)
