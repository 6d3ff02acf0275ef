"""Turns a sentence encoder of transformers into an ONNX file that gives the same vectors.

Run as a program, in a process of its own (`python -m indexes.embedders.export MODEL_FOLDER TARGET PRECISION`), so that
a service never holds torch in memory; `indexes/embedders/minilm.py` does that once a machine.
"""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from core.files import put_in_place, sync
from indexes.embedders.protocol import Vectors

EXPORTER = "2"
"""Part of the exported file's name: count it up when the graph, or how it is kept, changes."""
WEIGHTS = ".data"
"""Ends the name of the file beside the graph's that holds the weights: it is mapped, so that nothing of it is copied at
the start, and what is not used of it (most of the words) takes no memory."""
CLOSE_ENOUGH = {"fp32": 0.9999, "int8": 0.97}
"""Least cosine between the vectors of sentence-transformers and of the exported graph, by precision."""
RAGGED = (3, 250, 17, 1, 64)
"""Lengths, in word pieces, of the batch that is compared."""


def export(model_folder: Path, target: Path, precision: str) -> None:
    """Write the encoder (mean over word pieces, unit length) to `target`, complete and verified, or not at all.

    Its weights are in a file beside it. To be called by one process at a time.

    With int8, the weights of matrix products are held in 8 bits, a scale a column, and their other factor is rounded
    to 8 bits as it comes.

    Raises:
        ValueError: the graph's vectors differ from those of sentence-transformers.
    """
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")
    encoder = _encoder(model_folder)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=target.name, suffix=".part")
    os.close(handle)
    part, weights = Path(name), target.with_name(target.name + WEIGHTS)
    try:
        _write(encoder, part)
        if precision == "int8":
            _quantize(part)
        _put_weights_aside(part, weights)
        _verify(model_folder, part, CLOSE_ENOUGH[precision])
        for file in (weights, part):
            file.chmod(0o644)  # made by whoever came first, read by every user of the machine
        sync(weights)
        put_in_place(part, target)
    finally:
        part.unlink(missing_ok=True)
        if not target.exists():
            weights.unlink(missing_ok=True)


def _encoder(model_folder: Path) -> Any:  # noqa: ANN401 -- torch is untyped to us
    import torch
    from transformers import AutoModel

    class Encoder(torch.nn.Module):  # type: ignore[misc]
        """Word pieces to one vector: the mean of the last layer where the mask is 1, scaled to length 1."""

        def __init__(self) -> None:
            super().__init__()
            self.model = AutoModel.from_pretrained(str(model_folder), attn_implementation="eager").eval()

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:  # noqa: ANN401
            """vectors: float32 (texts, dimension)."""
            last = self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            kept = attention_mask.unsqueeze(-1).to(last.dtype)
            mean = (last * kept).sum(1) / kept.sum(1).clamp(min=1e-9)
            return torch.nn.functional.normalize(mean, dim=-1)

    return Encoder().eval()


def _write(encoder: Any, target: Path) -> None:  # noqa: ANN401 -- torch is untyped to us
    import torch

    sample = torch.ones((2, 8), dtype=torch.int64)
    mask = torch.tensor([[1] * 8, [1] * 5 + [0] * 3])  # a tensor of its own: a shared one is traced as one input
    free = {0: "texts", 1: "pieces"}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the exporter without onnxscript is deprecated; its graph is the faster one
        torch.onnx.export(
            encoder,
            (sample, mask),
            str(target),
            input_names=["input_ids", "attention_mask"],
            output_names=["embedding"],
            dynamic_axes={"input_ids": free, "attention_mask": free, "embedding": {0: "texts"}},
            opset_version=17,
            dynamo=False,
        )


def _quantize(model: Path) -> None:
    """Put 8-bit weights in place of the exported ones."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        model,
        model,
        per_channel=True,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["MatMul"],
        extra_options={"MatMulConstBOnly": True},
    )


def _put_weights_aside(model: Path, weights: Path) -> None:
    import onnx

    weights.unlink(missing_ok=True)  # onnx appends
    whole = onnx.load(str(model))
    onnx.save(whole, str(model), save_as_external_data=True, location=weights.name)


def _verify(model_folder: Path, exported: Path, close_enough: float) -> None:
    """Compare with what sentence-transformers makes of the folder, its own pooling and scaling included."""
    import onnxruntime
    import torch
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(model_folder), device="cpu")
    pieces, mask = _ragged_batch(model.tokenizer.vocab_size)
    batch = {"input_ids": torch.from_numpy(pieces), "attention_mask": torch.from_numpy(mask)}
    with torch.no_grad():
        expected: Vectors = model.forward(batch)["sentence_embedding"].numpy()
    session = onnxruntime.InferenceSession(str(exported), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"input_ids": pieces, "attention_mask": mask})
    worst = float(((expected * found).sum(axis=1) / np.linalg.norm(expected, axis=1)).min())
    if not worst > close_enough:
        raise ValueError(
            f"the exported encoder differs from sentence-transformers: cosine {worst:.6f} on a ragged batch"
        )


def _ragged_batch(vocabulary: int) -> tuple[Any, Any]:
    """Random word pieces in rows of different lengths, and their mask: int64 (5, 250) each."""
    random = np.random.default_rng(7)
    pieces = random.integers(1, vocabulary, size=(len(RAGGED), max(RAGGED)), dtype=np.int64)
    mask = (np.arange(max(RAGGED)) < np.array(RAGGED)[:, None]).astype(np.int64)
    return pieces * mask, mask


if __name__ == "__main__":
    export(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
