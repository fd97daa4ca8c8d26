"""Options of `generate`: the prompt, the model and how tokens are chosen.

Those of sampling have transformers' names and the defaults of `Sampling`.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sc2_attrib.cli.options import demo_name, setting
from sc2_attrib.generator.guard import OnMatch
from sc2_attrib.generator.memory import Dtype, Int4Type, Quantization
from sc2_attrib.generator.prompt import FimOrder, Truncation

PromptText = Annotated[
    str | None, typer.Argument(metavar="PROMPT", help="Text to continue; - is standard input.")
]
PromptFile = Annotated[
    Path | None, typer.Option("--prompt-file", metavar="FILE", help="Continue the text of a file.")
]
FimPrefix = Annotated[
    str | None,
    typer.Option("--fim-prefix", metavar="TEXT", help="Fill a hole: the text before it."),
]
FimSuffix = Annotated[
    str | None,
    typer.Option("--fim-suffix", metavar="TEXT", help="Fill a hole: the text behind it."),
]
FimPlace = Annotated[
    str | None,
    typer.Option(
        "--fim",
        metavar="FILE:LINE[:COL]",
        help="Fill a hole in a file: before a column, or at the end of a line.",
    ),
]
FimOrderName = Annotated[
    FimOrder | None,
    typer.Option("--fim-order", help="How the model reads a hole; what its folder says."),
]
RepositoryFolder = Annotated[
    Path | None,
    typer.Option(
        "--repo", metavar="DIR", help="Show the model other files of this repository before."
    ),
]
RepositoryTokens = Annotated[
    int,
    typer.Option("--repo-tokens", metavar="N", min=0, help="With --repo: tokens of other files."),
]
PromptsFile = Annotated[
    Path | None,
    typer.Option(
        "--prompts", metavar="FILE.jsonl", help='Complete every line {"prompt": TEXT} of a file.'
    ),
]
OutputFile = Annotated[
    Path | None,
    typer.Option(
        "--output",
        metavar="FILE.jsonl",
        help="With --prompts: where completions go; those it holds are kept.",
    ),
]
NSamples = Annotated[
    int, typer.Option("--n", metavar="N", min=1, help="With --prompts: samples of each.")
]
BatchSize = Annotated[
    int, typer.Option("--batch-size", metavar="N", min=1, help="With --prompts: how many at once.")
]
TruncatePrompt = Annotated[
    Truncation | None,
    typer.Option(
        "--truncate-prompt",
        help="What to drop of a prompt that is too long for the model; refused without this.",
    ),
]

ModelName = Annotated[
    str | None,
    setting(
        "model",
        metavar="MODEL",
        autocompletion=demo_name,
        help="3b, 7b or 15b; a folder; a name on the hub; openai+http://HOST/v1#NAME; 'demo'.",
    ),
]
ModelRevision = Annotated[
    str | None,
    setting("revision", metavar="REV", help="Branch, tag or commit of a model on the hub."),
]
ModelAdapter = Annotated[
    Path | None,
    typer.Option("--adapter", metavar="FOLDER", help="A PEFT adapter to put into the model."),
]
ModelDtype = Annotated[
    Dtype, setting("dtype", help="Number format to compute in; auto: that of the weights.")
]
ModelDevice = Annotated[
    str,
    setting(
        "device", metavar="DEVICE", help="cpu, cuda, cuda:1, mps; auto: a GPU if there is one."
    ),
]


class DeviceMap(StrEnum):
    """How the layers of a model are spread."""

    AUTO = "auto"


ModelDeviceMap = Annotated[
    DeviceMap | None,
    setting("device-map", help="Spread the layers over all GPUs, the processor and the disk."),
]
ModelQuantization = Annotated[
    Quantization | None,
    setting("quantize", help="Pack the weights to 8 or 4 bits (extra: quantize)."),
]
ModelInt4Type = Annotated[
    Int4Type, typer.Option("--int4-type", help="With --quantize int4: its 16 values.")
]
ModelDoubleQuant = Annotated[
    bool,
    typer.Option("--double-quant", help="With --quantize int4: pack the scales as well."),
]
ServerTimeout = Annotated[
    float,
    setting("timeout", metavar="SECONDS", min=0.1, help="Longest silence of a server."),
]

MaxNewTokens = Annotated[
    int, setting("max-new-tokens", metavar="N", help="Tokens to write at most.")
]
OnMatchChoice = Annotated[
    OnMatch,
    setting(
        "on-match",
        help="While text is written that the policy denies: stop there, or avoid it.",
    ),
]
DoSample = Annotated[
    bool, setting("do-sample", help="Draw tokens at random rather than take the likeliest.")
]
StopTexts = Annotated[
    list[str] | None,
    typer.Option("--stop", metavar="TEXT", help="End in front of this text; repeatable."),
]
Temperature = Annotated[
    float,
    setting("temperature", metavar="T", help="With --do-sample: lower is less random."),
]
TopP = Annotated[
    float,
    setting("top-p", metavar="P", help="With --do-sample: keep the likeliest up to P."),
]
TopK = Annotated[
    int,
    setting("top-k", metavar="K", help="With --do-sample: keep the K likeliest; 0: all."),
]
NumBeams = Annotated[int, setting("num-beams", metavar="N", help="Beams to search with.")]
Seed = Annotated[
    int, setting("seed", metavar="N", help="The same seed gives the same text on a machine.")
]
