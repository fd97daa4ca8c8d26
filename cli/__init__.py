"""The `sc2-attrib` command: parse, call, print, exit code."""
