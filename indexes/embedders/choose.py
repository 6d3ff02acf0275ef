"""Makes the embedder that the settings name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from core.errors import SettingsError
from core.machine import Hardware, hardware
from core.settings.load import secret
from core.settings.sections import EmbedderSettings
from indexes.embedders.bulk import BulkEmbedder, always
from indexes.embedders.hashing import HashingEmbedder
from indexes.embedders.minilm import MODEL, MiniLM
from indexes.embedders.openai import open_openai
from indexes.embedders.protocol import Embedder
from indexes.embedders.sentence_transformer import SentenceTransformerEmbedder
from indexes.torch_device import sees_gpu

PRECISIONS: Mapping[str, tuple[str, ...]] = {
    "minilm": ("fp32", "bf16", "int8"),
    "sentence_transformers": ("fp32", "bf16"),
}
"""By kind; of another one only fp32."""


def choose_embedder(
    settings: EmbedderSettings, *, fallback: Path | None = None, machine: Hardware | None = None
) -> Embedder:
    """The embedder of the settings; nothing is loaded yet.

    `fallback` is a folder for the exported model where `settings.cache` cannot be written, such as a container's home;
    `machine` what there is to run it on, asked of the system when left out.

    Raises:
        SettingsError: the settings contradict each other, or the hardware lacks the precision.
    """
    machine = machine or hardware()
    _check(settings, machine)
    folders = [settings.cache.expanduser(), *([fallback] if fallback is not None else [])]
    kinds: dict[str, Callable[[], Embedder]] = {
        "minilm": lambda: _minilm(settings, folders, machine),
        "sentence_transformers": lambda: SentenceTransformerEmbedder(settings),
        "openai": lambda: open_openai(settings, key=secret(settings.api_key_env) if settings.api_key_env else ""),
        "hashing": HashingEmbedder,
    }
    return kinds[settings.kind]()


def _minilm(settings: EmbedderSettings, folders: list[Path], machine: Hardware) -> Embedder:
    """MiniLM through onnxruntime; with torch beside it for ingestions on a GPU or in bfloat16.

    Whether there is a GPU of NVIDIA is asked of the system: asking torch would cost every command a second.
    """
    on_gpu = settings.device in ("cuda", "mps") or (settings.device == "auto" and machine.nvidia_gpu)
    if settings.precision == "int8":
        return MiniLM(folders, threads=settings.threads, precision="int8")
    quick = MiniLM(folders, threads=settings.threads)
    bulk = SentenceTransformerEmbedder(settings.model_copy(update={"model": MODEL}))
    if settings.precision == "bf16":
        return BulkEmbedder(f"{quick.name}-bf16", quick, bulk, always)
    return BulkEmbedder(quick.name, quick, bulk, sees_gpu if settings.device == "auto" else always) if on_gpu else quick


def _check(settings: EmbedderSettings, machine: Hardware) -> None:
    kind, precision = settings.kind, settings.precision
    if precision not in PRECISIONS.get(kind, ("fp32",)):
        raise SettingsError(f"embedder.precision {precision} is not for embedder.kind {kind}: set it to fp32.")
    processor = settings.device == "cpu" or (settings.device == "auto" and not machine.nvidia_gpu)
    if precision == "bf16" and processor and not machine.bfloat16:
        raise SettingsError(
            "embedder.precision bf16 needs a processor with AVX512-BF16 or AMX, or a GPU, and this machine shows none: "
            "set it to fp32."
        )
    if kind in ("minilm", "hashing") and (settings.query_prefix or settings.passage_prefix):
        raise SettingsError(
            f"embedder.query_prefix and embedder.passage_prefix are not for embedder.kind {kind}: remove them."
        )
