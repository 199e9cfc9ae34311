"""What the workflows on GitHub may do: no more than they need."""

import re

import pytest
from small import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_reads_and_runs_only_what_was_pinned(path):
    text = path.read_text()
    permissions = re.findall(r"(?m)^( *)permissions:(.*(?:\n\1 +.*)*)", text)
    assert [words.split() for _, words in permissions] == [["contents:", "read"]]
    assert permissions[0][0] == ""  # of all jobs
    used = re.findall(r"(?m)^[ -]*uses: *(\S+)", text)
    assert used
    for action in used:  # a tag can be moved to other code, a commit cannot
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action), action


def test_there_is_a_workflow():
    assert WORKFLOWS
