"""Values as TOML writes them; Python's own library only reads it.

A JSON string is a TOML string but for DEL, which TOML wants escaped, and lone surrogates, which
neither should hold: paths in results are spelt without them.
"""

import json
from collections.abc import Mapping, Sequence


def toml_value(value: object) -> str:
    """Write a text, number, truth value, list of such, or a mapping of such on one line."""
    if isinstance(value, Mapping):
        members = (f"{toml_key(key)} = {toml_value(each)}" for key, each in value.items())
        return f"{{ {', '.join(members)} }}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(toml_value, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def toml_key(key: str) -> str:
    """Write a key, in quotes where it needs them."""
    is_bare = key.replace("-", "").replace("_", "").isalnum() and key.isascii()
    return key if is_bare else toml_value(key)
