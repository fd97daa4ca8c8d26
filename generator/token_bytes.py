"""The bytes that each token of a vocabulary stands for.

A byte-level token may hold a part of a character, so text is no measure of it. Tokenizers write
bytes in two ways: as characters of GPT-2's table, one each, or as text with `▁` for a space and
`<0x0A>` for a byte that is no text.

Source: `bytes_to_unicode` of GPT-2's encoder, https://github.com/openai/gpt-2; decoders of
https://huggingface.co/docs/tokenizers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sc2_attrib.generator.prompt import REDACTIONS, SPECIAL_TOKENS
from sc2_attrib.index.errors import UsageError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_SPACE = "\u2581"  # ▁ stands for a space
_BYTE = re.compile(r"<0x([0-9A-F]{2})>")


def token_bytes(tokenizer: PreTrainedTokenizerBase) -> list[bytes | None]:
    """List the bytes of each token by its id; None for one that is no text.

    Raises:
        UsageError: the tokenizer doesn't say how it writes bytes.
    """
    read = _reader(tokenizer)
    vocabulary = tokenizer.get_vocab()
    table: list[bytes | None] = [None] * (max(vocabulary.values(), default=-1) + 1)
    added = {token.content for token in tokenizer.added_tokens_decoder.values()}
    marks = set(tokenizer.all_special_tokens) | set(SPECIAL_TOKENS)
    for name, number in vocabulary.items():
        if name in REDACTIONS or (name in added and name not in marks):
            table[number] = name.encode()
        elif name not in marks:
            table[number] = read(name)
    return table


def _reader(tokenizer: PreTrainedTokenizerBase) -> Callable[[str], bytes]:
    backend: Any = getattr(tokenizer, "backend_tokenizer", None)
    decoder = json.loads(backend.to_str()).get("decoder") if backend is not None else None
    kinds = {each["type"] for each in (decoder or {}).get("decoders", [decoder]) if each}
    if "ByteLevel" in kinds:
        table = {character: byte for byte, character in enumerate(_byte_characters())}
        return lambda name: bytes(table[character] for character in name)
    if "ByteFallback" in kinds or "Metaspace" in kinds:
        return _read_piece
    raise UsageError(
        f"a tokenizer that decodes by {', '.join(sorted(kinds)) or 'nothing that is known'}: the"
        " bytes of its tokens can't be told, so nothing can be avoided; use one with byte-level"
        " tokens, such as StarCoder2's"
    )


def _read_piece(name: str) -> bytes:
    byte = _BYTE.fullmatch(name)
    return bytes([int(byte[1], 16)]) if byte else name.replace(_SPACE, " ").encode()


def _byte_characters() -> list[str]:
    """GPT-2's character for each byte: itself where it prints, else one from 256 on, in order."""
    prints = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(256, 512))
    return [chr(byte) if byte in prints else chr(next(others)) for byte in range(256)]
