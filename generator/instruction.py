"""Tells a request to a chat model from code: a completion model continues text, it doesn't obey."""

import re

_REQUEST = re.compile(
    r"\s*(?:please\s+|can you\s+|could you\s+|i want you to\s+|i need\s+)*"
    r"(?:write|create|implement|generate|make (?:an?|the|me)|give me|show me|explain|fix|refactor"
    r"|complete|add|develop|build|how (?:do|can|to)\b)\s+[^\n{}();=]*[.?!:]?\s*",
    re.IGNORECASE,
)
_LONGEST = 400  # characters; longer ones hold more than a request
_FEWEST_WORDS = 4  # "add x" may be a command of some language


def instruction_hint(prompt: str) -> str | None:
    """Say how to put a prompt that asks instead of beginning; None for one that is code."""
    if len(prompt) > _LONGEST or len(prompt.split()) < _FEWEST_WORDS:
        return None
    if _REQUEST.fullmatch(prompt) is None:
        return None
    request = " ".join(prompt.split()).replace("\\", "").replace("'", "\\'")
    return (
        "this is no instruction model, it continues text; begin the code instead, such as"
        f" $'# {request}\\ndef name(argument):\\n'"
    )
