"""The rules that SARIF results name: one for each action that a policy can ask for.

GitHub wants a short and a full description, help, a severity and tags; descriptions of at most
1,024 characters, at most 20 tags.
"""

from collections.abc import Mapping

from sc2_attrib.attribution.result import Action

Json = dict[str, object]

LEVELS: Mapping[Action, str] = {
    Action.DENY: "error",
    Action.REVIEW: "warning",
    Action.ATTRIBUTE: "note",
    Action.ALLOW: "none",
}

_NAMES: Mapping[Action, str] = {
    Action.DENY: "DeniedMatch",
    Action.REVIEW: "ReviewRequired",
    Action.ATTRIBUTE: "AttributionRequired",
    Action.ALLOW: "AllowedMatch",
}
_SHORT: Mapping[Action, str] = {
    Action.DENY: "Text matches a source that the policy denies",
    Action.REVIEW: "Text matches a source that the policy wants reviewed",
    Action.ATTRIBUTE: "Text matches a source whose licence asks for attribution",
    Action.ALLOW: "Text matches a source that the policy allows",
}
_ADVICE: Mapping[Action, str] = {
    Action.DENY: "Remove or rewrite the text, or clear its use with counsel.",
    Action.REVIEW: "Let somebody decide who knows the licence and how the text is used.",
    Action.ATTRIBUTE: "Keep the copyright and licence notice of the source with the text.",
    Action.ALLOW: "Nothing is asked for.",
}
_MEANING = (
    "The text stands in the index that was searched, in a document whose licence evidence is"
    " named in the message. What follows from that is for people to judge."
)


def rule_index(action: Action) -> int:
    """Say where the rule of an action stands among the rules."""
    return list(LEVELS).index(action)


def rule_id(action: Action) -> str:
    """Name the rule of an action: SC2A001 for denied matches, SC2A004 for allowed ones."""
    return f"SC2A{rule_index(action) + 1:03}"


def rules() -> list[Json]:
    """Describe the rules, the strictest first."""
    return [_rule(action) for action in LEVELS]


def _rule(action: Action) -> Json:
    level = LEVELS[action]
    severity = level if level in ("error", "warning") else "recommendation"
    return {
        "id": rule_id(action),
        "name": _NAMES[action],
        "shortDescription": {"text": f"{_SHORT[action]}."},
        "fullDescription": {"text": f"{_SHORT[action]}. {_MEANING}"},
        "help": {"text": _ADVICE[action]},
        "defaultConfiguration": {"level": level},
        "properties": {
            "tags": ["license", "provenance"],
            "precision": "very-high",
            "problem.severity": severity,
        },
    }


UNCHECKED_ID = "SC2A900"


def unchecked_rule() -> Json:
    """Describe the notification of an input that was not checked."""
    return {
        "id": UNCHECKED_ID,
        "name": "InputNotChecked",
        "shortDescription": {"text": "An input was skipped or could not be checked."},
        "fullDescription": {"text": "Nothing is known about this input; the reason is given."},
        "help": {"text": "Make the input readable and check it again."},
        "defaultConfiguration": {"level": "warning"},
    }
