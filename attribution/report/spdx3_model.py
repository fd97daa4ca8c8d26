"""The model and the data sets of an SPDX 3 document: its AI and dataset profiles.

Beyond the schema, each of these packages needs exactly one declared and one concluded licence; a
model needs supplier, version, release time, download location and purpose; a data set one
originator, build and release time, download location, purpose and type. A profile is only claimed
where all that is known. It is for the models of the StarCoder2 family, and for the corpora of an
index: what is described there is the indexed corpus, which this program built.

Source: SPDX 3.0.1, "Profile conformance" of AI and Dataset, "External properties restrictions" of
AIPackage and DatasetPackage; model cards of bigcode/starcoder2-*, arXiv:2402.19173
"""

from dataclasses import dataclass

from sc2_attrib.attribution.report.machine_text import EPOCH, utc_seconds, well_formed
from sc2_attrib.attribution.report.spdx3_graph import NO_ASSERTION_ELEMENT, Graph
from sc2_attrib.attribution.report.visible import visible
from sc2_attrib.attribution.result import Model, SearchedIndex
from sc2_attrib.attribution.training_sets import STACK

MODEL = "model"
RELEASED = "2024-02-28T00:00:00Z"  # of StarCoder2 and The Stack v2
OPENRAIL = "LicenseRef-scancode-bigcode-open-rail-m-v1"
HUB = "https://huggingface.co"

_TRAINED_ON = {f"bigcode/starcoder2-{size}": f"bigcode/{name}" for size, name in STACK.items()}


@dataclass(frozen=True, slots=True)
class Described:
    """What was added: the model's IRI, if there is one, and the profiles that may be claimed."""

    model: str | None
    profiles: tuple[str, ...]


def describe_model_and_corpora(
    graph: Graph, model: Model | None, index: SearchedIndex | None, tool: str
) -> Described:
    """Add the model, what it was trained on, and the corpora that were searched."""
    is_dated = index is None or utc_seconds(index.built) != EPOCH
    if index is not None:
        for number in range(len(index.corpora)):
            _corpus(graph, index, number, tool)
    is_known = model is not None and model.id in _TRAINED_ON
    has_data = bool(index and index.corpora) or is_known
    profiles = [*(["ai"] if is_known else []), *(["dataset"] if has_data and is_dated else [])]
    return Described(_model(graph, model) if model else None, tuple(profiles))


def _model(graph: Graph, model: Model) -> str:
    is_known = model.id in _TRAINED_ON
    address = f"{HUB}/{model.id}" if is_known else None
    iri = graph.add(
        "ai_AIPackage",
        MODEL,
        {
            "name": visible(model.id) or "unnamed",
            "comment": _circumstances(model),
            "software_packageVersion": visible(model.revision or "unknown"),
            "software_primaryPurpose": "model",
            "software_downloadLocation": address,
            "releaseTime": RELEASED if is_known else None,
            "suppliedBy": _bigcode(graph) if is_known else None,
        },
    )
    graph.state_licenses(iri, OPENRAIL if is_known else "NOASSERTION")
    if is_known:
        graph.relate(iri, "trainedOn", _training_set(graph, model), complete="incomplete")
    else:
        graph.relate(iri, "trainedOn", NO_ASSERTION_ELEMENT)
    return iri


def _circumstances(model: Model) -> str:
    facts = {"dtype": model.dtype, "device": model.device, **model.parameters}
    return visible(", ".join(f"{name}={value}" for name, value in facts.items()))


def _training_set(graph: Graph, model: Model) -> str:
    name = _TRAINED_ON[model.id]
    iri = graph.add(
        "dataset_DatasetPackage",
        "training-set",
        {
            "name": name,
            "comment": "Source code the model was trained on, not all of it: pull requests, issues,"
            " notebooks, documentation and other texts came from elsewhere. builtTime is the latest"
            " it can be, the day of release.",
            "software_downloadLocation": f"{HUB}/datasets/{name}",
            "software_primaryPurpose": "data",
            "dataset_datasetType": ["text"],
            "builtTime": RELEASED,
            "releaseTime": RELEASED,
            "originatedBy": [_bigcode(graph)],
        },
    )
    graph.state_licenses(iri, "NOASSERTION")
    return iri


def _corpus(graph: Graph, index: SearchedIndex, number: int, tool: str) -> None:
    corpus, built = index.corpora[number], utc_seconds(index.built)
    iri = graph.add(
        "dataset_DatasetPackage",
        f"corpus-{number + 1}",
        {
            "name": visible(corpus.name) or "unnamed",
            "comment": f"The indexed corpus, as this program built it: {corpus.documents:,}"
            f" documents, {corpus.bytes:,} bytes.",
            "software_packageVersion": visible(corpus.revision or "unknown"),
            "software_downloadLocation": f"urn:sc2-attrib:index:{_name(index.id)}:{number + 1}",
            "software_primaryPurpose": "data",
            "dataset_datasetType": ["text"],
            "dataset_datasetSize": corpus.documents,
            "builtTime": built,
            "releaseTime": built,
            "originatedBy": [tool],
        },
    )
    graph.state_licenses(iri, "NOASSERTION")


def _name(text: str) -> str:
    return "".join(char for char in well_formed(text) if char.isascii() and char.isalnum())


def _bigcode(graph: Graph) -> str:
    return graph.add("Organization", "bigcode", {"name": "BigCode"})
