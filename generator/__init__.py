"""Prompt in, completion out: local causal language models, StarCoder2 above all."""
