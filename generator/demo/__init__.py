"""The demo model: a small real StarCoder2, trained on this machine in under a minute."""

from sc2_attrib.generator.demo.cache import demo_folder, ensure_demo_model
from sc2_attrib.generator.demo.texts import DemoPrompts, TrainingText, demo_prompts, demo_texts
from sc2_attrib.generator.demo.training import Progress, Recipe, train_demo

__all__ = [
    "DemoPrompts",
    "Progress",
    "Recipe",
    "TrainingText",
    "demo_folder",
    "demo_prompts",
    "demo_texts",
    "ensure_demo_model",
    "train_demo",
]
