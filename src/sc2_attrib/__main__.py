"""Run the command line: `python -m sc2_attrib`."""

from sc2_attrib.cli.main import app

app()
