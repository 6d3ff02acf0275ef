"""From one version of the index to another, and back: made beside, checked, and served in place of the one before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass

from core.access import OWNER
from core.errors import UsageError
from core.settings.load import Settings
from indexes import recipe as manifest
from indexes import versions
from indexes.catalogue.structures import origins
from indexes.cutover.carry_over import RolledBack, give_back
from indexes.cutover.overview import Changed, RebuildProgress
from indexes.indexes import Indexes
from indexes.open import open_version
from indexes.recipe import Recipe
from ingest.plan import fingerprint, fingerprint_for
from ingest.rebuild import Build
from ingest.recut import Recut

Serve = Callable[[str], None]
Quiet = Callable[[], AbstractContextManager[Serve]]
"""Inside, nobody writes to the live version; what it gives opens another one and serves it from then on."""
Watch = Callable[[RebuildProgress], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A rebuild that was asked for. `check` is called between documents, and raises to end it there."""

    wanted: Recipe
    afresh: bool = False
    """Make a new version even where nothing would change, and embed everything again."""
    watch: Watch
    check: Callable[[], None] = lambda: None


@contextmanager
def alone() -> Iterator[Serve]:
    """For a process that does nothing else: nobody writes, and the next one to open the folder serves the version."""
    yield lambda name: None


def rebuild(live: Indexes, settings: Settings, change: Change, *, quiet: Quiet = alone) -> Changed:
    """Make the version that is asked for and serve it, or go on making it where that was stopped.

    Raises:
        IndexBroken: what was made is not sound, and is not served; or the embedder cannot be made.
    """
    wanted = settings_of(settings, change.wanted)
    aim = fingerprint_for(manifest.embedder_for(wanted.embedder, settings.data), wanted.ingest.chunk_word_pieces)
    if not change.afresh and not differing(live, aim):
        with quiet():
            return Changed(version=None, vectors=live.caretaker.remake())
    before = versions.pointer(settings.data)
    name = versions.begin(settings.data, f"{aim} from {before.live}{' afresh' if change.afresh else ''}")
    with ExitStack() as stack:
        made = stack.enter_context(open_version(wanted, live.lock, name))
        build = Build(live, made, wanted.ingest, watch=change.watch, check=change.check, afresh=change.afresh)
        build.run()
        with quiet() as serve:
            done = build.finish()
            stack.close()
            _exchange(settings, name, serve)
    versions.remove_others(settings.data)
    return Changed(version=name, rebuilt=done)


def roll_back(live: Indexes, settings: Settings, *, quiet: Quiet = alone) -> RolledBack:
    """Serve the version before again.

    Raises:
        UsageError: there is none.
        IndexBroken: it cannot be opened.
    """
    previous = versions.pointer(settings.data).previous
    if previous is None or previous not in versions.present(settings.data):
        raise UsageError("There is no version to go back to: none was live before this one, or it was pruned.")
    with quiet() as serve:
        with open_version(settings, live.lock, previous) as before:
            back = give_back(live, before)
        _exchange(settings, previous, serve)
    return back


def differing(live: Indexes, aim: str) -> int:
    """How many documents another pipeline would make otherwise; where nothing is stored, none."""
    different = 0
    recut = Recut(live, live)
    same = fingerprint(live) == aim
    for collection in (row.name for row in live.catalogue.collections(access=OWNER)):
        known, made = live.catalogue.known(collection), origins(live.catalogue, collection)
        if not same:
            different += len(known)
        else:
            different += sum(
                entry.version != recut.aims(entry, made[name])[0] for name, entry in known.items() if name in made
            )
    return different


def settings_of(settings: Settings, recipe: Recipe) -> Settings:
    """The settings, with what a version is made with as the recipe has it."""
    cut = settings.ingest.model_copy(update={"chunk_word_pieces": recipe.chunk_word_pieces})
    return settings.model_copy(update={"embedder": recipe.embedder, "ingest": cut})


def _exchange(settings: Settings, name: str, serve: Serve) -> None:
    """Point to a version and serve it; where it cannot be served, point to the one before again."""
    before = versions.pointer(settings.data)
    versions.make_live(settings.data, name)
    with ExitStack() as undo:
        undo.callback(versions.point, settings.data, before)
        serve(name)
        undo.pop_all()
