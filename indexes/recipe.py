"""What a version of the index was made with. Vectors of two embedders are never compared."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from pathlib import Path

from core.errors import IndexBroken, SettingsError
from core.settings.load import Settings
from core.settings.sections import EmbedderSettings
from indexes.catalogue.catalogue import Catalogue
from indexes.embedders.cached import CachedEmbedder
from indexes.embedders.choose import choose_embedder
from indexes.embedders.protocol import Embedder
from indexes.upkeep.checksums import PARTS
from indexes.upkeep.derived import deleted_from
from indexes.upkeep.state import BEFORE

FORMAT = "1"
RECIPE = "recipe"
OF_THE_MACHINE = frozenset({"cache", "device", "threads"})
"""Embedder settings that change no vector."""
OF_A_VERSION = frozenset(
    {"schema", "dimension", "embedder", RECIPE, *BEFORE}
    | {deleted_from(PARTS[part]) for part in ("vectors", "keyword")}
)
"""What the catalogue remembers of its own version; everything else it knows of the data folder."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recipe:
    """The settings that a version of the index is made with. They are kept with it, and no key is among them."""

    embedder: EmbedderSettings
    chunk_word_pieces: int

    @classmethod
    def of(cls, settings: Settings) -> Recipe:
        """What the settings ask for."""
        return cls(settings.embedder, settings.ingest.chunk_word_pieces)

    def stored(self) -> str:
        """As JSON, without what belongs to the machine."""
        embedder = self.embedder.model_dump(mode="json", exclude=set(OF_THE_MACHINE))
        return json.dumps({"embedder": embedder, "chunk_word_pieces": self.chunk_word_pieces}, sort_keys=True)

    @classmethod
    def read(cls, stored: str, machine: EmbedderSettings) -> Recipe:
        """What `stored` wrote, on this machine; fields of another release of Touchstone are left out."""
        said = json.loads(stored)
        known = {name: value for name, value in said["embedder"].items() if name in EmbedderSettings.model_fields}
        own = {name: getattr(machine, name) for name in OF_THE_MACHINE if name in EmbedderSettings.model_fields}
        return cls(EmbedderSettings.model_validate({**known, **own}), int(said["chunk_word_pieces"]))


def version(embedder: Embedder) -> str:
    """The format and 8 hex digits for the embedder: part of the version of every document."""
    return f"{FORMAT}-{hashlib.sha256(embedder.name.encode()).hexdigest()[:8]}"


def record(catalogue: Catalogue, embedder: Embedder, recipe: Recipe) -> None:
    """Note at the first write what the version is made with, and refuse another embedder later.

    Raises:
        IndexBroken: the catalogue holds vectors of another embedder.
    """
    if catalogue.recall("embedder") is None:
        catalogue.remember("dimension", str(embedder.dimension))
        catalogue.remember(RECIPE, recipe.stored())
        catalogue.remember("embedder", embedder.name)
    if catalogue.recall("embedder") != embedder.name:
        raise _refused(catalogue, embedder.name)


def embedder_of(catalogue: Catalogue, settings: Settings) -> tuple[Embedder, Recipe]:
    """The embedder that a version was made with, and its recipe; of an empty one, what the settings ask for.

    Where the settings ask for another one, the version is served with its own, and a log line says so.

    Raises:
        IndexBroken: the embedder cannot be made: it is not known how, or the model has changed or is gone.
    """
    built_with, wanted = catalogue.recall("embedder"), Recipe.of(settings)
    stored = catalogue.recall(RECIPE)
    own = Recipe.read(stored, settings.embedder) if stored is not None else wanted
    if built_with is None:
        return embedder_for(wanted.embedder, settings.data), wanted
    name = "another one, which cannot be used"
    try:
        embedder = embedder_for(settings.embedder, settings.data)
        name = embedder.name
        if name == built_with:
            if stored is None:
                catalogue.remember(RECIPE, wanted.stored())
            return embedder, Recipe(settings.embedder, own.chunk_word_pieces)
    except (IndexBroken, SettingsError):
        if stored is None:
            raise
    embedder = embedder_for(own.embedder, settings.data)
    if embedder.name != built_with:
        raise _refused(catalogue, name)
    logger.warning(
        "the index was made with another embedder than the settings ask for, and is served with its own; "
        "`touchstone index rebuild` changes over",
        extra={"index": built_with, "settings": name},
    )
    return embedder, own


def embedder_for(settings: EmbedderSettings, data: Path) -> Embedder:
    """The embedder of these settings; nothing is loaded yet."""
    return CachedEmbedder(choose_embedder(settings, fallback=data / "models"))


def _refused(catalogue: Catalogue, asked: str) -> IndexBroken:
    return IndexBroken(
        f"This index was built with the embedder {catalogue.recall('embedder')} ({catalogue.recall('dimension')} "
        f"dimensions), which is not at hand, and the settings ask for {asked}: set the embedder back, or name another "
        "folder with --data and ingest again."
    )
