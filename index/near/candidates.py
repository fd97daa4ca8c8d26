"""Which documents a text may be an edited copy of, the most promising first.

Keys that the text and a document share are *anchors*: a lexeme of the text against a lexeme of the
document. So are exact matches. Anchors of one document that lie on nearby diagonals are one
candidate, scored by how much of the text they cover.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sc2_attrib.index.near.documents import Hits, NearDocuments
from sc2_attrib.index.near.keys import QueryKeys
from sc2_attrib.index.near.lexer import Lexemes, Numbers
from sc2_attrib.index.near.scheme import STRIDE
from sc2_attrib.index.search import SearchResult

SAME_DIAGONAL = 96  # lexemes between the diagonals of anchors that are one candidate
MOST_HITS = 64  # postings of a key that are taken; more say little
MOST_SEEDS = 4  # sources of an exact match that are followed
_CELL = 16  # lexemes of the text that count once towards a score
_SLACK = 32  # lexemes by which edits may shift what stands before and after an anchor
_WINDOW_SLACK = 64  # by which the diagonal of a window may be off


class Candidate(NamedTuple):
    """A document, and where in it the text may stand.

    Lexemes [start, stop) of the text have anchors, on diagonals (lexeme of the document - lexeme
    of the text) in [low, high]. `score` counts the stretches of the text that have one.
    """

    document: int
    start: int
    stop: int
    low: int
    high: int
    score: int


class Anchors(NamedTuple):
    """Columns of equal length: document, lexeme of the text, diagonal, how far that may be off.

    Anchors that are not off (grams) make those that are needless on their diagonals.
    """

    documents: Numbers
    places: Numbers
    diagonals: Numbers
    slacks: Numbers


def anchors_of_keys(hits: Hits, keys: QueryKeys) -> tuple[Anchors, bool]:
    """Make anchors of the first postings of each key; tell whether some key has more of them."""
    counts = np.bincount(hits.rows, minlength=keys.keys.size)
    firsts = np.cumsum(counts) - counts
    kept = np.arange(hits.rows.size) - firsts[hits.rows] < MOST_HITS
    rows, documents, places = (column[kept] for column in hits)
    slacks = np.where(rows < keys.n_bands, _WINDOW_SLACK, 0)
    anchors = Anchors(documents, keys.places[rows], places - keys.places[rows], slacks)
    return anchors, not kept.all()


def anchors_of_matches(found: SearchResult, lexemes: Lexemes, documents: NearDocuments) -> Anchors:
    """Make anchors of exact matches: one where each begins, one where it ends."""
    rows = []
    for match in found.matches:
        for source in match.sources[:MOST_SEEDS]:
            document = documents.find(source.document)
            if document is None:
                continue
            milestones = documents.milestones(document)
            for ours, theirs in ((match.start, source.start), (match.stop - 1, source.stop - 1)):
                place = max(int(np.searchsorted(lexemes.starts, ours, "right")) - 1, 0)
                at = max(int(np.searchsorted(milestones, theirs, "right")) - 1, 0) * STRIDE
                rows.append((document, place, at - place, _WINDOW_SLACK))
    return Anchors(*np.array(rows, np.int64).reshape(-1, 4).T)


def candidates(anchors: Sequence[Anchors]) -> list[Candidate]:
    """Gather anchors to candidates, the highest score first, then by document and place."""
    columns = np.concatenate([np.stack(part) for part in anchors], axis=1)
    documents, places, diagonals, slacks = columns[:, np.lexsort((columns[2], columns[0]))]
    if not documents.size:
        return []
    is_first = np.ones(documents.size, np.bool_)
    is_first[1:] = (np.diff(documents) != 0) | (np.diff(diagonals) > SAME_DIAGONAL)
    firsts = np.flatnonzero(is_first)
    lows, highs = _bands(diagonals, slacks, firsts)
    group = np.cumsum(is_first) - 1
    cells = np.unique(group << 40 | places // _CELL)
    scores = np.bincount(cells >> 40, minlength=firsts.size)
    rows = np.stack(
        (
            documents[firsts],
            np.minimum.reduceat(places, firsts),
            np.maximum.reduceat(places, firsts) + 1,
            lows,
            highs,
            scores,
        ),
        axis=1,
    )
    return [Candidate(*row) for row in rows[np.lexsort((rows[:, 1], rows[:, 0], -scores))].tolist()]


def _bands(diagonals: Numbers, slacks: Numbers, firsts: Numbers) -> tuple[Numbers, Numbers]:
    """Lowest and highest diagonal of each group of anchors, by its exact ones if it has any."""
    far = np.int64(1 << 40)
    is_exact = slacks == 0
    lows = np.minimum.reduceat(np.where(is_exact, diagonals, far), firsts)
    highs = np.maximum.reduceat(np.where(is_exact, diagonals, -far), firsts)
    has_exact = lows < far
    loose_lows = np.minimum.reduceat(diagonals - slacks, firsts)
    loose_highs = np.maximum.reduceat(diagonals + slacks, firsts)
    return (
        np.where(has_exact, lows, loose_lows) - _SLACK,
        np.where(has_exact, highs, loose_highs) + _SLACK,
    )
