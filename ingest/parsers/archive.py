"""ZIP archives: each member is a document of its own, and the archive's own text is the list of them.

Nothing is written to a disk, so no name can lead anywhere; one that tries is refused all the same.
"""

from __future__ import annotations

import io
import re
import stat
import zipfile
import zlib
from collections.abc import Iterable

from core.documents import Attachment, Parsed
from core.errors import ParseError
from ingest.parsers.attachments import unused
from ingest.parsers.builder import TextBuilder, stem
from ingest.parsers.containers import is_inflated

MAX_MEMBERS = 2_000
MAX_UNPACKED = 250_000_000
_LISTED = 200
_HIDDEN = re.compile(r"(?:^|/)(?:\.|~\$|__MACOSX/|thumbs\.db$|desktop\.ini$)", re.I)
_LEADS_OUT = re.compile(r"^[/\\]|^[a-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)", re.I)

Refusal = tuple[str, str]


def parse_archive(content: bytes, *, name: str, most_bytes: int = MAX_UNPACKED) -> Parsed:
    """The members that hold something, folders left out; `most_bytes` is what all of them may unpack to.

    Raises:
        ParseError: "corrupt"; "too_large" for an archive of too many members; "no_text" for an empty one.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise ParseError("corrupt", "The archive is damaged and cannot be opened.") from error
    with archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) > MAX_MEMBERS:
            raise ParseError(
                "too_large", f"The archive holds {len(members):,} files; more than {MAX_MEMBERS:,} are not opened."
            )
        if not members:
            raise ParseError("no_text", "The archive is empty.")
        attachments = tuple(_attachments(archive, members, most_bytes))
    builder = TextBuilder()
    builder.add("paragraph", f"{stem(name)} is an archive of {len(attachments)} files.")
    shown = [attachment.name for attachment in attachments if not _HIDDEN.search(attachment.name)]
    for listed in shown[:_LISTED]:
        builder.add("list_item", listed)
    return builder.build(title=stem(name), attachments=attachments)


def _attachments(archive: zipfile.ZipFile, members: Iterable[zipfile.ZipInfo], left: int) -> list[Attachment]:
    found: list[Attachment] = []
    for member in members:
        refused = _refused(member, left)
        content = b""
        if refused is None:
            left -= member.file_size
            content, refused = _unpacked(archive, member)
        found.append(Attachment(name=unused(_clean(member.filename), found), content=content, refused=refused))
    return found


def _refused(member: zipfile.ZipInfo, left: int) -> Refusal | None:
    """Why a member is not unpacked, told from the archive's directory alone."""
    if _LEADS_OUT.search(member.filename):
        return "bad_name", "The name leads out of the archive."
    if _HIDDEN.search(member.filename):
        return "hidden", "Hidden and lock files are left alone."
    if stat.S_ISLNK(member.external_attr >> 16):
        return "special_file", "The archive holds a link here, not a file."
    if member.flag_bits & 1:
        return "encrypted", "The file is protected by a password. Pack it without one."
    if is_inflated(member):
        return "too_large", "The file unpacks to far more than it weighs, so it was not opened."
    if member.file_size > left:
        return (
            "too_large",
            f"The archive unpacks to more than {MAX_UNPACKED // 1_000_000} MB; the rest was not opened.",
        )
    return None


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> tuple[bytes, Refusal | None]:
    """(the member's bytes, why there are none). zipfile never hands out more than the directory says."""
    try:
        return archive.read(member), None
    except NotImplementedError:
        return b"", ("unsupported", "The file is packed in a way that cannot be unpacked here.")
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError):
        return b"", ("corrupt", "The file is damaged and cannot be unpacked.")


def _clean(name: str) -> str:
    """The member's name as part of a document's name: no way up, no controls, no mark of an archive in an archive."""
    parts = re.split(r"[/\\]+", re.sub(r"[\x00-\x1f\x7f]", "_", name))
    kept = [re.sub(r"!$", "_", part) for part in parts[:-1] if part not in {"", ".", ".."}]
    return "/".join([*kept, parts[-1] if parts[-1] not in {"", ".", ".."} else "unnamed"])
