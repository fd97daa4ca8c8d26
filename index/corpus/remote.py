"""Files that lie elsewhere, named by a URL and read through fsspec.

`hf://datasets/owner/name/data`, `s3://bucket/folder`, `https://host/file.parquet`: whatever has a
driver that is installed. A driver reads its settings and credentials from where it always does
(FSSPEC_* variables, the cloud's own files); a URL may hold some too. They are used to open the file
and nowhere else: messages, manifests and checkpoints have a URL without them, and what a driver
says goes through `_without_secrets`.
"""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from sc2_attrib.index.errors import CorpusError, UsageError

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_URL_IN_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>]*")

# What to install for a driver that fsspec knows but can't load.
_PACKAGES = {
    "abfs": "adlfs",
    "az": "adlfs",
    "gcs": "gcsfs",
    "gs": "gcsfs",
    "hf": "huggingface_hub",
    "http": "'fsspec[http]'",
    "https": "'fsspec[http]'",
    "s3": "s3fs",
    "s3a": "s3fs",
}

# What drivers call the facts that change with a file's contents.
_VALIDATORS = frozenset(
    {
        *("ETag", "etag", "Content-MD5", "md5", "md5Hash", "crc32c", "blob_id", "content_md5"),
        *("Last-Modified", "LastModified", "last_modified", "mtime", "updated", "created"),
    }
)


def is_url(location: str) -> bool:
    """Tell a URL from a path."""
    return _URL.match(location) is not None


def shown_url(url: str) -> str:
    """Give the URL without user, password, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:  # brackets that are no address
        return url.partition("://")[0] + "://"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file, or a folder of files, at a URL; as text it has no credentials."""

    url: str = field(repr=False)

    def __str__(self) -> str:
        return shown_url(self.url)

    @property
    def name(self) -> str:
        """Get the last part of the path; of a bare host or bucket, its name."""
        return unquote(str(self).rstrip("/").rpartition("/")[2])

    def files(self, suffix: str) -> "list[RemoteFile]":
        """List the file itself if it has the suffix, else all such files below, not hidden ones.

        Raises:
            CorpusError: there is no such file, or the place can't be read.
        """
        if str(self).endswith(suffix):
            return [self]
        with _reading(self):
            system, path = _filesystem(self.url)
            found = (file for file in system.find(path) if _is_wanted(file[len(path) :], suffix))
            files = [RemoteFile(system.unstrip_protocol(file)) for file in sorted(found)]
        if not files:
            raise CorpusError(f"{self}: no *{suffix} file there")
        return files

    def open(self, *, in_order: bool) -> io.BufferedIOBase:
        """Open the file for reading.

        Args:
            in_order: from begin to end, so reading ahead pays.

        Raises:
            OSError: it can't be opened or, later, read.
        """
        with _translating(self.url):
            system, path = _filesystem(self.url)
            cache = "readahead" if in_order else "none"
            file = system.open(path, "rb", cache_type=cache)
        return io.BufferedReader(_Translated(file, self.url), 1 << 16)

    def facts(self, suffix: str) -> Iterator[str]:
        """Say of each file what tells its contents from others: size, and what the driver has.

        Raises:
            CorpusError: the place can't be read.
        """
        for file in self.files(suffix):
            with _reading(file):
                system, path = _filesystem(file.url)
                about = system.info(path)
            known = [f"{key}={about[key]}" for key in sorted(_VALIDATORS & about.keys())]
            yield " ".join([str(file), str(about.get("size")), *known])


def tells_changes(facts: str) -> bool:
    """Tell whether facts of a file hold more than its name and size."""
    return any(f" {key}=" in facts for key in _VALIDATORS)


class _Translated(io.RawIOBase):
    """A file of a driver; whatever it raises becomes an OSError without secrets."""

    def __init__(self, file: Any, url: str) -> None:
        self._file = file
        self._url = url

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return bool(self._file.seekable())

    def readinto(self, buffer: Any) -> int:
        with _translating(self._url):
            data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        with _translating(self._url):
            return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        with _translating(self._url):
            return int(self._file.tell())

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


@contextmanager
def _translating(url: str) -> Iterator[None]:
    """Whatever a driver raises, from its network library or of its own, becomes an OSError."""
    try:
        yield
    except (CorpusError, UsageError):
        raise
    except Exception as err:
        # Not chained, since the cause would show the URL. It says more, though: to its driver a
        # refused web address is a file that is not there.
        raise OSError(_without_secrets(err.__cause__ or err, url)) from None


@contextmanager
def _reading(file: RemoteFile) -> Iterator[None]:
    try:
        with _translating(file.url):
            yield
    except OSError as err:
        raise CorpusError(f"{file}: can't be read: {err}; check address and access") from None


def _without_secrets(err: BaseException, url: str) -> str:
    """Repeat what an error says, unless it gives away what the URL keeps to itself."""
    parts = urlsplit(url)
    user = parts.netloc.rpartition("@")[0]
    password = user.partition(":")[2]
    secrets = [each for each in (user, password, parts.query, parts.fragment) if each]
    said = _URL_IN_TEXT.sub(lambda found: shown_url(found[0]), str(err).partition("\n")[0])
    if not said or any(secret in said or unquote(secret) in said for secret in secrets):
        return type(err).__name__
    return f"{type(err).__name__}: {said}"


def _filesystem(url: str) -> tuple[Any, str]:
    """The driver of a URL, and the path that it knows the file by.

    Raises:
        UsageError: no driver is known or installed; says what to install.
    """
    protocol = url.partition("://")[0]
    try:
        import fsspec
    except ImportError:
        raise UsageError(
            f"{shown_url(url)}: URLs are read through fsspec: pip install fsspec"
        ) from None
    try:
        return cast("tuple[Any, str]", fsspec.core.url_to_fs(url))
    except ImportError:
        package = _PACKAGES.get(protocol, f"fsspec's driver for {protocol}")
        raise UsageError(
            f"{shown_url(url)}: what reads {protocol}:// is not installed: pip install {package}"
        ) from None
    except ValueError as err:
        if "Protocol not known" not in str(err):
            raise
        raise UsageError(f"{shown_url(url)}: fsspec knows no {protocol}:// addresses") from None


def _is_wanted(path: str, suffix: str) -> bool:
    is_hidden = any(name.startswith((".", "_")) for name in path.split("/"))
    return path.endswith(suffix) and not is_hidden
