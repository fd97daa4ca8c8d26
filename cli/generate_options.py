"""Options of `generate`: the prompt, the model and how tokens are chosen.

Those of sampling have transformers' names and the defaults of `Sampling`.
"""

from pathlib import Path
from typing import Annotated

import typer

from sc2_attrib.cli.options import demo_name, setting
from sc2_attrib.generator.memory import Dtype
from sc2_attrib.generator.prompt import Truncation

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
        help="Folder of the model, or 'demo'.",
    ),
]
ModelDtype = Annotated[
    Dtype, setting("dtype", help="Number format to compute in; auto: that of the weights.")
]
ModelDevice = Annotated[
    str, setting("device", metavar="DEVICE", help="cpu, cuda:0 …; auto: a GPU if there is one.")
]

MaxNewTokens = Annotated[
    int, setting("max-new-tokens", metavar="N", help="Tokens to write at most.")
]
DoSample = Annotated[
    bool, setting("do-sample", help="Draw tokens at random rather than take the likeliest.")
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
