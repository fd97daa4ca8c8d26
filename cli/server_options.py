"""Options of an index in Elasticsearch: how it is laid out, and where its credentials come from."""

import os
from typing import Annotated, Final

import typer

from sc2_attrib.cli.session import Session
from sc2_attrib.index.elastic.address import (
    LOGIN,
    PARAMETERS,
    environment_name,
    is_server,
    with_parameters,
)
from sc2_attrib.index.elastic.layout import Layout
from sc2_attrib.index.errors import UsageError

PREFIX: Final = "elasticsearch_"  # of the settings below, as parameters

Shards = Annotated[
    int | None,
    typer.Option("--shards", metavar="N", min=1, help="Elasticsearch: primary shards; 1."),
]
Replicas = Annotated[
    int | None,
    typer.Option(
        "--replicas",
        metavar="N",
        min=0,
        help="Elasticsearch: copies of each shard; 1 where there is a second node.",
    ),
]
Refresh = Annotated[
    str | None,
    typer.Option(
        "--refresh",
        metavar="TIME",
        help="Elasticsearch: how soon additions are found; -1: when they are complete.",
    ),
]
Compression = Annotated[
    str | None,
    typer.Option(
        "--compression", metavar="HOW", help="Elasticsearch: of the text; fast, default or best."
    ),
]


def layout_of(
    shards: int | None, replicas: int | None, refresh: str | None, compression: str | None
) -> Layout | None:
    """Say how an index is to be laid out; None: nothing was asked for."""
    if (shards, replicas, refresh, compression) == (None,) * 4:
        return None
    usual = Layout()
    return Layout(
        shards or usual.shards,
        replicas,
        refresh or usual.refresh,
        compression or usual.compression,
    )


def with_server_settings(context: typer.Context, location: str | None) -> str | None:
    """Add to a server's address what the configuration files say; callback of --index.

    A login in the address or the environment leaves those of the files out.
    """
    if location is None or not is_server(location):
        return location
    settings = Session.of(context).settings
    logs_in = "@" in location or any(os.environ.get(environment_name(name)) for name in LOGIN)
    found = {}
    for name in PARAMETERS:
        key = PREFIX + name.replace("-", "_")
        if key in settings and not os.environ.get(environment_name(name)):
            if name in LOGIN and logs_in:
                continue
            if not isinstance(settings[key].value, str):
                raise UsageError(f"{settings[key].origin}: elasticsearch-{name} must be a string")
            found[name] = settings[key].value
    return with_parameters(location, found)
