"""Models of two small layers with random weights, made in a moment: they prove a path, never a quality."""

from __future__ import annotations

from pathlib import Path
from typing import Any

DIMENSION = 32
MAX_LENGTH = 64


def _backbone(folder: Path, **options: Any) -> Path:
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification, BertModel

    from indexes.embedders.minilm import bundled_model

    torch.manual_seed(7)
    tokenizer = AutoTokenizer.from_pretrained(str(bundled_model()))
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=DIMENSION,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=256,
        initializer_range=0.5,
        **options,
    )
    (BertForSequenceClassification if options else BertModel)(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def tiny_cross_encoder(folder: Path, labels: int = 1) -> Path:
    """The folder, with a CrossEncoder that gives so many numbers for a pair."""
    return _backbone(folder, num_labels=labels)


def tiny_encoder(folder: Path, pooling: str = "mean") -> Path:
    """The folder, with a sentence encoder that does not scale its vectors, reads 64 word pieces and has prompts."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    words = Transformer(str(_backbone(folder / "words")), max_seq_length=MAX_LENGTH)
    model = SentenceTransformer(
        modules=[words, Pooling(DIMENSION, pooling_mode=pooling)],
        prompts={"query": "question: ", "document": "passage: "},
        device="cpu",
    )
    model.save(str(folder / "model"))
    return folder / "model"
