"""junit.xml: a test suite for each rung, a test case for each question, for continuous integration."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from evaluation.report.view import Run, clipped

NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(run: Run) -> str:
    """A wrong answer fails, a missing one is skipped, an unscored one is an error."""
    root = ElementTree.Element("testsuites", name=_xml(run.results["dataset"]["name"]))
    for rung, figures in run.results["rungs"].items():
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=rung,
            tests=str(figures["n"]),
            failures=str(figures["wrong"]),
            errors=str(figures["unscored"]),
            skipped=str(figures["abstained"]),
        )
        for item in run.items.values():
            score = run.scores.get((item.id, rung))
            if score is None:
                continue
            seconds = f"{(score.latency_ms or 0) / 1000:.3f}"
            case = ElementTree.SubElement(suite, "testcase", classname=rung, name=_xml(item.id), time=seconds)
            tag = {"wrong": "failure", "abstained": "skipped", "unscored": "error"}.get(score.outcome)
            if tag:
                answer = run.records[item.id, rung].answer
                detail = ElementTree.SubElement(case, tag, message=_xml(clipped(score.how)))
                shown = tag == "failure" and run.has_text
                detail.text = _xml(clipped(f"{item.question} -> {answer}")) if shown else None
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _xml(text: str) -> str:
    """Text without the characters that XML cannot hold."""
    return NOT_XML.sub("\ufffd", text)
