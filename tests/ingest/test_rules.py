"""What the settings say about documents by their names, and that a metadata file goes first."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from pydantic import ValidationError

from core.access import ANONYMOUS, OWNER, Access
from core.settings.sections import IngestSettings, Rule
from indexes.catalogue.rows import UNDESCRIBED, Description
from indexes.indexes import Indexes
from ingest.describe import by_rules
from ingest.outcomes import IngestReport
from ingest.pipeline import ingest
from tests.ingest.test_pipeline import mail

HR = Rule(pattern="policies/**", groups=("hr",), tags=("policy",), valid_from="2026-01-01")


def run(indexes: Indexes, folder: Path, *rules: Rule) -> IngestReport:
    return ingest(indexes, folder, collection="c", settings=IngestSettings(rules=rules))


def readable_by(indexes: Indexes, *groups: str) -> list[str]:
    return [row.document for row in indexes.catalogue.documents("c", access=Access(frozenset(groups)))]


@pytest.mark.parametrize(
    ("pattern", "document", "matches"),
    [
        ("hr/**", "hr/pay.pdf", True),
        ("hr/**", "hr/2026/pay.pdf", True),
        ("hr/**", "sales/hr/pay.pdf", False),
        ("hr/**", "hr.pdf", False),
        ("hr/*", "hr/2026/pay.pdf", True),
        ("hr/*.pdf", "hr/2026/pay.pdf", False),
        ("hr/**/*.pdf", "hr/pay.pdf", True),
        ("hr", "sales/hr/pay.pdf", True),
        ("/hr", "sales/hr/pay.pdf", False),
        ("hr/", "hr/pay.pdf", True),
        ("*.draft.docx", "a/b/plan.draft.docx", True),
        ("**/pay?.csv", "a/pay1.csv", True),
        ("HR/**", "hr/PAY.pdf", True),
        ("größe/**", unicodedata.normalize("NFD", "Größe/a.txt"), True),
        ("a.b/**", "axb/c", False),
        ("hr/**", "hr/a\nb.txt", True),
    ],
)
def test_a_pattern_names_files_and_all_that_is_below_folders(pattern: str, document: str, matches: bool) -> None:
    said = by_rules(document, [Rule(pattern=pattern, groups=("g",))])
    assert said == (Description(groups=frozenset({"g"})) if matches else UNDESCRIBED)


def test_of_several_rules_each_field_is_as_the_last_one_that_names_it_has_it() -> None:
    pay = Rule(pattern="policies/pay*", groups=("board",))
    assert by_rules("policies/pay.md", [HR, pay]) == Description(
        groups=frozenset({"board"}), tags=("policy",), valid_from="2026-01-01"
    )
    assert by_rules("policies/leave.md", [HR, pay]).groups == {"hr"}


@pytest.mark.parametrize("wrong", [{"groups": []}, {"groups": [""]}, {"pattern": ""}, {"group": ["hr"]}])
def test_a_rule_that_could_open_a_document_by_a_slip_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Rule.model_validate({"pattern": "hr/**", **wrong})


def test_a_rule_closes_documents_from_their_first_run_on(indexes: Indexes, folder: Path) -> None:
    run(indexes, folder, HR)
    assert readable_by(indexes) == ["prices.csv"]
    assert readable_by(indexes, "hr") == ["policies/leave.md", "prices.csv"]
    row = indexes.catalogue.document("c", "policies/leave.md", access=OWNER)
    assert (row.tags, row.valid_from) == (("policy",), "2026-01-01")


def test_changed_rules_apply_at_the_next_run_without_embedding_again(indexes: Indexes, folder: Path) -> None:
    run(indexes, folder)
    report = run(indexes, folder, HR)
    assert (report.indexed, report.unchanged, report.chunks) == (1, 1, 0)
    assert readable_by(indexes) == ["prices.csv"]
    assert run(indexes, folder, HR).unchanged == 2


def test_removing_a_rule_opens_its_documents(indexes: Indexes, folder: Path) -> None:
    run(indexes, folder, HR)
    run(indexes, folder)
    assert readable_by(indexes) == ["policies/leave.md", "prices.csv"]


def test_a_metadata_file_goes_before_rules_field_by_field(indexes: Indexes, folder: Path) -> None:
    beside = folder / "policies/leave.md.meta.json"
    beside.write_text(json.dumps({"groups": ["board"], "tags": []}))
    run(indexes, folder, HR)
    row = indexes.catalogue.document("c", "policies/leave.md", access=OWNER)
    assert row.groups == {"board"}
    assert (row.tags, row.valid_from) == ((), "2026-01-01")
    beside.unlink()
    run(indexes, folder, HR)
    assert indexes.catalogue.document("c", "policies/leave.md", access=OWNER).groups == {"hr"}


def test_what_is_inside_a_file_is_as_the_rule_for_that_file_has_it(indexes: Indexes, folder: Path) -> None:
    (folder / "policies/note.eml").write_bytes(mail("plan.csv", "step,day\ndig,1"))
    inside = Rule(pattern="**/*.csv", groups=("sales",))
    run(indexes, folder, HR, inside)
    held = {row.document: sorted(row.groups) for row in indexes.catalogue.documents("c", access=OWNER)}
    attached = next(name for name in held if "!/" in name)
    assert (held[attached], held["prices.csv"]) == (["hr"], ["sales"])
    run(indexes, folder, inside)
    assert indexes.catalogue.document("c", attached, access=ANONYMOUS).groups == frozenset()
