"""What a sentence announces is quoted with it: to the end of the list, across passages, and the command below it."""

from __future__ import annotations

import pytest

from service.answering.quoting.compose import whole, word
from service.answering.quoting.match import rank
from service.answering.quoting.question import take_apart
from tests.service.answering.hits import hit, passages

COPY = """Backups

Use the following command to copy a bucket to a folder of this machine.

```
sync s3://bucket folder
```

It takes a while."""
STATES = """A pump can be in one of the following states:

`starting`
The pump builds up pressure.

`running`
The pump delivers water.

## Alarms

An alarm is shown."""
BEGINS = "To shorten the failover time you should do the following:"
GOES_ON = """- Reserve enough throughput. Too little of it makes recovery slow. Recovery reads a lot.
- Use small transactions."""

pytestmark = pytest.mark.model


@pytest.mark.parametrize(
    ("question", "shown", "text"),
    [
        (
            "How do I copy a bucket to a folder?",
            passages(hit(COPY)),
            "Use the following command to copy a bucket to a folder of this machine.\nsync s3://bucket folder",
        ),
        (
            "Which states can a pump be in?",
            passages(hit(STATES)),
            "A pump can be in one of the following states: starting: The pump builds up pressure. running: The pump "
            "delivers water.",
        ),
        (
            "How can the failover time be shortened?",
            passages(hit(BEGINS), hit(GOES_ON, ordinal=1, start=len(BEGINS) + 1)),
            BEGINS + " Reserve enough throughput. Use small transactions.",
        ),
        (
            "How can the failover time be shortened?",
            passages(hit(BEGINS), hit(GOES_ON, ordinal=1, start=len(BEGINS) + 5000)),
            BEGINS,
        ),
    ],
    ids=["command", "terms", "next passage", "passage further on"],
)
def test_what_is_announced_is_quoted_to_its_end(extractive, question, shown, text):
    asking = take_apart(question)
    assert word(asking, whole(asking, rank(asking, shown, extractive._embedder)[0])) == text
