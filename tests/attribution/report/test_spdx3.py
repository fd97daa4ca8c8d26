"""SPDX 3.0.1: valid by the model, and by what its profiles demand beyond it."""

import json
from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest
import spdx_python_model

from sc2_attrib.attribution.report.spdx3 import render
from sc2_attrib.attribution.result import InputKind, Result
from tests.attribution.report.results import N_MANY, RESULTS, bare, empty, many, of_all_kinds

LICENSE_TYPES = {"simplelicensing_LicenseExpression"}
LICENSE_TERMS = "https://spdx.org/rdf/3.0.1/terms/ExpandedLicensing/"
DEMANDED = {  # "External properties restrictions" of the classes
    "ai_AIPackage": (
        *("name", "suppliedBy", "releaseTime", "software_downloadLocation"),
        *("software_packageVersion", "software_primaryPurpose"),
    ),
    "dataset_DatasetPackage": (
        *("name", "originatedBy", "builtTime", "releaseTime", "software_downloadLocation"),
        *("software_primaryPurpose", "dataset_datasetType"),
    ),
    "software_Package": ("name",),
    "software_File": ("name",),
}
PROFILE_OF = {"ai_AIPackage": "ai", "dataset_DatasetPackage": "dataset"}

Elements = list[dict[str, Any]]


def graph(result: Result) -> Elements:
    elements: Elements = json.loads(render(result))["@graph"]
    return elements


def of_type(elements: Elements, *types: str) -> Elements:
    return [element for element in elements if element["type"] in types]


def targets(elements: Elements, kind: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for relation in of_type(elements, "Relationship"):
        if relation["relationshipType"] == kind:
            found[relation["from"]].extend(relation["to"])
    return found


@pytest.mark.parametrize("name", RESULTS)
def test_report_is_valid_by_the_model(name: str) -> None:
    """The bindings of the model read it: types, values, ranges; nothing is referred to in vain."""
    _, objects = spdx_python_model.load_data(json.loads(render(RESULTS[name]())))
    assert objects.link() == set()


@pytest.mark.parametrize("name", RESULTS)
def test_every_package_has_one_declared_and_one_concluded_license(name: str) -> None:
    """As the profiles demand: exactly one relationship of each type, to licence information."""
    elements = graph(RESULTS[name]())
    licenses = {each["spdxId"] for each in of_type(elements, *LICENSE_TYPES)}
    packages = of_type(elements, "software_Package", *PROFILE_OF)
    for kind in ("hasDeclaredLicense", "hasConcludedLicense"):
        related = targets(elements, kind)
        for package in packages:
            (to,) = related[package["spdxId"]]
            assert to in licenses or to.startswith(LICENSE_TERMS)


@pytest.mark.parametrize("name", RESULTS)
def test_claimed_profiles_have_what_their_classes_demand(name: str) -> None:
    """Properties that the classes' pages demand and the schema doesn't."""
    elements = graph(RESULTS[name]())
    (document,) = of_type(elements, "SpdxDocument")
    claimed = document["profileConformance"]
    for type_, properties in DEMANDED.items():
        if PROFILE_OF.get(type_, "software") in claimed:
            for element in of_type(elements, type_):
                assert [each for each in properties if each not in element] == []
                assert len(element.get("originatedBy", ())) <= 1


def test_known_model_generates_and_was_trained() -> None:
    """StarCoder2 generates each completion and was trained on its data set; both are claimed."""
    result = of_all_kinds()
    elements = graph(result)
    (model,) = of_type(elements, "ai_AIPackage")
    names = {each["spdxId"]: each.get("name") for each in elements if "spdxId" in each}
    completions = [each.path for each in result.inputs if each.kind is InputKind.COMPLETION]
    generated = targets(elements, "generates")[model["spdxId"]]
    trained_on = targets(elements, "trainedOn")[model["spdxId"]]
    assert [names[each] for each in generated] == completions
    assert [names[each] for each in trained_on] == ["bigcode/the-stack-v2-train-smol-ids"]
    (document,) = of_type(elements, "SpdxDocument")
    assert {"ai", "dataset"} <= set(document["profileConformance"])


def test_profile_is_not_claimed_for_a_model_nobody_knows() -> None:
    """Supplier and release of a local model are not known, so nothing is made up."""
    result = of_all_kinds()
    assert result.run.model is not None
    local = replace(result.run.model, id="models/mine")
    elements = graph(replace(result, run=replace(result.run, model=local)))
    (document,) = of_type(elements, "SpdxDocument")
    (model,) = of_type(elements, "ai_AIPackage")
    assert "ai" not in document["profileConformance"]
    assert "suppliedBy" not in model
    assert targets(elements, "trainedOn")[model["spdxId"]] == [
        "https://spdx.org/rdf/3.0.1/terms/Core/NoAssertionElement"
    ]


def test_sources_are_copied_to_matches() -> None:
    """Each match is a snippet; verbatim sources are copied to it, near ones have it as variant."""
    result = of_all_kinds()
    elements = graph(result)
    by_id = {each["spdxId"]: each for each in elements if "spdxId" in each}
    snippets = [each for each in by_id.values() if "/match-" in each["spdxId"].replace("#", "/")]
    assert len(snippets) == len(result.matches)
    for snippet, match in zip(snippets, result.matches, strict=True):
        start, stop = match.generated.bytes
        assert snippet["software_byteRange"]["beginIntegerRange"] == start + 1
        assert snippet["software_byteRange"]["endIntegerRange"] == stop
    copied = sum(map(len, targets(elements, "copiedTo").values()))
    variants = sum(map(len, targets(elements, "hasVariant").values()))
    n_near = sum(len(match.sources) for match in result.matches if match.kind == "near")
    assert (copied + variants, variants) == (
        sum(len(match.sources) for match in result.matches),
        n_near,
    )


def test_nothing_is_claimed_without_index_and_model() -> None:
    """A result that knows neither makes a document without the two profiles."""
    (document,) = of_type(graph(bare()), "SpdxDocument")
    assert document["profileConformance"] == ["core", "software", "simpleLicensing"]
    (document,) = of_type(graph(empty()), "SpdxDocument")
    assert document["rootElement"]


def test_ten_thousand_matches() -> None:
    """Each is a snippet; sources are written once."""
    elements = graph(many())
    assert sum("#match-" in each.get("spdxId", "") for each in elements) == N_MANY
    assert len({each["spdxId"] for each in elements if "spdxId" in each}) == len(elements) - 1
