import io
import json
import zipfile
from datetime import timedelta

import pytest
from markdown_it import MarkdownIt

from bot.cards.card import Person
from bot.incidents import export
from bot.incidents.export import Exported
from bot.incidents.timeline import Correction, Line
from storage.records.alerts import Severity
from storage.records.files import KeptFile
from storage.records.incidents import Incident
from tests.fakes.ports import T0

INCIDENT = Incident(
    id=3,
    title="Checkout *hangs* <script>",
    severity=Severity.HIGH,
    declared_by="U0000ONE",
    started_at=T0,
    declared_at=T0,
    roles={"commander": "U0000TWO"},
    resolved_at=T0 + timedelta(minutes=50),
    cause="deploy",
)
GRAPH = KeptFile(
    id="F1", incident=3, name="../p99 graph.png", mime="image/png", content=b"\x89PNG", author="U1", shared_at=T0
)
PINNED = Line(entry=5, at=T0, actor="U0000TWO", said="“p99 is at 9 s”", channel="C1", ts="1.0", files=("F1", "F2"))
FIXED = Line(
    entry=7,
    at=T0 + timedelta(minutes=3),
    actor="bot",
    said=(Person("U0000TWO"), " is scribe"),
    corrected=Correction(by="U0000ONE", at=T0, reason="wrong role", said_before="x is commander", at_before=T0),
)
TOLD = Exported(incident=INCIDENT, lines=[PINNED, FIXED], links=["https://x.example/1", ""], files=[GRAPH])


class TestMarkdown:
    def test_tells_who_and_when_with_the_picture_below_its_line(self) -> None:
        text = export.markdown(TOLD)

        assert "- Resolved: 2026-11-23 12:50:00 after 50 min" in text
        assert (
            "- 2026-11-23 12:00:00 “p99 is at 9 s” (U0000TWO) [message](https://x.example/1)\n"
            "  ![../p99 graph.png](files/F1-p99_graph.png)" in text
        )
        assert "*Corrected by U0000ONE: wrong role.*" in text

    def test_makes_no_markup_of_what_people_wrote(self) -> None:
        html = MarkdownIt().render(export.markdown(TOLD))

        assert "<script>" not in html
        assert "<em>hangs</em>" not in html
        assert 'src="files/F1-p99_graph.png"' in html

    def test_says_so_when_nothing_has_happened(self) -> None:
        empty = Exported(incident=INCIDENT, lines=[], links=[])

        assert "Nothing has happened yet." in export.markdown(empty)


class TestJson:
    def test_holds_all_of_a_line_and_what_stood_there_before(self) -> None:
        told = export.as_json(TOLD)

        pinned, fixed = told["timeline"]
        assert (pinned["entry"], pinned["files"], pinned["link"]) == (5, ["F1", "F2"], "https://x.example/1")
        assert fixed["corrected"]["said_before"] == "x is commander"
        assert told["files"][0]["path"] == "files/F1-p99_graph.png"
        assert json.loads(export.dumped(TOLD)) == json.loads(json.dumps(told))


class TestBundle:
    def test_holds_both_and_the_pictures_under_the_names_that_they_tell(self) -> None:
        with zipfile.ZipFile(io.BytesIO(export.bundle(TOLD))) as archive:
            assert archive.namelist() == ["timeline.md", "timeline.json", "files/F1-p99_graph.png"]
            assert archive.read("files/F1-p99_graph.png") == b"\x89PNG"
            assert archive.read("timeline.md").decode() == export.markdown(TOLD)

    def test_is_the_same_for_the_same(self) -> None:
        assert export.bundle(TOLD) == export.bundle(TOLD)


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b\\c", "..", "", "x" * 500, "графика.png", "con\x00.png"])
def test_a_name_leads_to_no_other_folder(name: str) -> None:
    safe = export.file_name(KeptFile(**{**vars(GRAPH), "name": name}))

    assert "/" not in safe
    assert "\\" not in safe
    assert ".." not in safe
    assert len(safe) < 100
