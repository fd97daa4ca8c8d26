"""Prompt in, completion out: local causal language models, StarCoder2 above all.

Importing this loads neither torch nor transformers; the functions that need them do.
"""

from sc2_attrib.generator.completion import Completion, Model, ModelDescription, StopReason
from sc2_attrib.generator.demo import demo_prompts, demo_texts, ensure_demo_model, train_demo
from sc2_attrib.generator.load_options import LoadOptions
from sc2_attrib.generator.loading import load_model
from sc2_attrib.generator.location import model_location
from sc2_attrib.generator.memory import Dtype, Int4Type, Quantization
from sc2_attrib.generator.prompt import FimOrder, Prompt, Repository, RepositoryFile, Truncation
from sc2_attrib.generator.sampling import Sampling
from sc2_attrib.generator.starcoder import LocalModel

__all__ = [
    "Completion",
    "Dtype",
    "FimOrder",
    "Int4Type",
    "LoadOptions",
    "LocalModel",
    "Model",
    "ModelDescription",
    "Prompt",
    "Quantization",
    "Repository",
    "RepositoryFile",
    "Sampling",
    "StopReason",
    "Truncation",
    "demo_prompts",
    "demo_texts",
    "ensure_demo_model",
    "load_model",
    "model_location",
    "train_demo",
]
