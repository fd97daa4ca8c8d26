"""Make the corpus that our measurements are of: real code under real licences, the same everywhere.

    python -m benchmarks.corpus.fetch OUT [PACKAGE...] [--mirror URL]...

tarballs.txt pins the upstream tarballs of 33 Debian source packages by name and SHA-256. They are
downloaded from a Debian mirror into OUT/src (about 330 MB) and made into Parquet shards in the
shape of The Stack v2 in OUT/parquet (shards.py): 1.57 GB of code, some minutes. What is there
already, and right, is not fetched again. In the end the digest of the rows must be the one in
shards.sha256; with only some PACKAGEs there is none to compare.

Needs no root and changes nothing outside OUT. Mirrors are those given with --mirror, or in
DEBIAN_MIRROR (several separated by blanks), or those apt is configured with. Mirrors drop what was
superseded; one that keeps everything is then what to name.
"""

import argparse
import hashlib
import os
import re
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from benchmarks.corpus.shards import digest_of, write_shard

HERE = Path(__file__).parent
TARBALLS = HERE / "tarballs.txt"
DIGEST = HERE / "shards.sha256"
MIRROR_VARIABLE = "DEBIAN_MIRROR"
_APT = Path("/etc/apt")
_POOLS = ("pool/main", "pool/updates/main")  # of the archive, and of its security updates
_TIMEOUT_S = 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("out", type=Path)
    parser.add_argument("packages", nargs="*", help="only these; all by default")
    parser.add_argument("--mirror", action="append", help="address of a Debian archive")
    arguments = parser.parse_args()
    pinned = read_pinned(TARBALLS)
    chosen = choose(pinned, arguments.packages)
    mirrors = arguments.mirror or os.environ.get(MIRROR_VARIABLE, "").split() or [*apt_mirrors()]
    for name, digest in chosen.items():
        fetch(name, digest, arguments.out / "src", mirrors)
    seen: set[str] = set()
    for name in chosen:
        print(write_shard(arguments.out / "src" / name, arguments.out / "parquet", seen))
    check_digest(arguments.out / "parquet", is_whole=chosen == pinned)


def read_pinned(path: Path) -> dict[str, str]:
    """Read names of tarballs and their digests, in the order of the corpus."""
    lines = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
    return {line[0]: line[1] for line in lines if line and line[0] != "#"}


def choose(pinned: dict[str, str], packages: Sequence[str]) -> dict[str, str]:
    """Limit the tarballs to those of some packages."""
    known = {package_of(name) for name in pinned}
    if unknown := sorted(set(packages) - known):
        sys.exit(
            f"{', '.join(unknown)}: not in {TARBALLS.name}; known are {' '.join(sorted(known))}"
        )
    return {n: d for n, d in pinned.items() if not packages or package_of(n) in packages}


def package_of(tarball: str) -> str:
    return tarball.partition("_")[0]


def apt_mirrors(folder: Path = _APT) -> Iterator[str]:
    """Yield the addresses that apt's configuration names, each once."""
    files = [folder / "sources.list", *sorted(folder.glob("sources.list.d/*"))]
    texts = [
        file.read_text(encoding="utf-8", errors="replace")
        for file in files
        if file.suffix in (".list", ".sources") and file.is_file()
    ]
    pattern = r"^(?:deb(?:-src)?\s+(?:\[[^\]]*\]\s*)?|URIs:\s*)(https?://\S+)"
    yield from dict.fromkeys(
        found.rstrip("/") for text in texts for found in re.findall(pattern, text, re.MULTILINE)
    )


def fetch(name: str, digest: str, folder: Path, mirrors: Sequence[str]) -> None:
    """Download a tarball from the first mirror that has it, unless it is there."""
    target = folder / name
    if target.is_file() and sha256(target) == digest:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for address in addresses(name, mirrors):
        if download(address, target.with_name(f".{name}")) == digest:
            target.with_name(f".{name}").replace(target)
            print(f"fetched {name}", flush=True)
            return
    asked = ", ".join(mirrors) or "no mirror is known"
    sys.exit(
        f"{name}: no mirror has it with SHA-256 {digest[:12]}… (asked: {asked});"
        f" name one that keeps old versions with --mirror or {MIRROR_VARIABLE}"
    )


def addresses(name: str, mirrors: Sequence[str]) -> Iterator[str]:
    """Yield where a tarball may lie."""
    package = package_of(name)
    shelf = package[:4] if package.startswith("lib") else package[0]
    for mirror in mirrors:
        for pool in _POOLS:
            yield f"{mirror.rstrip('/')}/{pool}/{shelf}/{package}/{quote(name)}"


def download(address: str, target: Path) -> str | None:
    """Download a file; its SHA-256, or None if it is not there."""
    try:
        with (
            urllib.request.urlopen(address, timeout=_TIMEOUT_S) as answer,
            target.open("wb") as file,
        ):
            shutil.copyfileobj(answer, file, 1 << 20)
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        target.unlink(missing_ok=True)
        return None
    return sha256(target)


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_digest(folder: Path, *, is_whole: bool) -> None:
    """Print the digest of the rows; stop if the whole corpus has another than it should."""
    found, expected = digest_of(folder), DIGEST.read_text(encoding="utf-8").split()[0]
    print(f"digest {found}")
    if is_whole and found != expected:
        sys.exit(f"{folder}: digest {found}, expected {expected}; remove the folder and try again")


if __name__ == "__main__":
    main()
