"""The review of a postmortem as a state machine: whatever people do in whatever order."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.decision import Decision
from bot.events import DraftReady, PostmortemApproved, SectionDrafted
from bot.postmortems import review, sections
from storage.records.postmortems import Postmortem, PostmortemStatus, Section, Statement, StatementKind

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = st.sampled_from(sections.NAMES)


def a_section(name: str, text: str) -> Section:
    return Section(
        name=name, statements=(Statement(kind=StatementKind.FACT, text=text, evidence=(1,)),), author="facts"
    )


class Review(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.texts: dict[int, tuple[Section, ...]] = {}
        self.published: list[int] = []
        self.ready = 0

    @initialize()
    def scheduled(self) -> None:
        self.state: Postmortem = review.schedule(None, 1, at=NOW).state
        self.state = replace(self.state, version=1)

    def take(self, decision: Decision[Postmortem]) -> None:
        before, after = self.state, decision.state
        if not decision.changed:
            assert after == before
            assert decision.reason
            return
        if after.text_version != before.text_version:
            self.texts[after.text_version] = after.sections
        self.published += [e.text_version for e in decision.events if isinstance(e, PostmortemApproved)]
        self.ready += sum(isinstance(e, DraftReady) for e in decision.events)
        self.state = replace(after, version=before.version + 1)

    @rule()
    def schedule_again(self) -> None:
        self.take(review.schedule(self.state, 1, at=NOW))

    @rule()
    def start(self) -> None:
        written = {s.name for s in self.state.sections}
        decision = review.start(self.state, now=NOW)
        assert not written & {timer.payload["section"] for timer in decision.timers}
        self.take(decision)

    @precondition(lambda self: self.state.status is PostmortemStatus.DRAFTING)
    @rule(name=NAMES, text=st.text(min_size=1, max_size=5))
    def drafted(self, name: str, text: str) -> None:
        self.take(review.section_drafted(self.state, a_section(name, text)))

    @rule(name=NAMES)
    def comment(self, name: str) -> None:
        decision = review.comment(self.state, name, "please")
        assert decision.changed == (name in {s.name for s in self.state.sections})
        self.take(decision)

    @rule(name=NAMES, text=st.text(min_size=1, max_size=5))
    def redrafted(self, name: str, text: str) -> None:
        self.take(review.redrafted(self.state, a_section(name, text)))

    @rule()
    def approve(self) -> None:
        complete = not review.unwritten(self.state)
        news = self.state.approved_version != self.state.text_version
        decision = review.approve(self.state, by="U1", now=NOW)
        assert decision.changed == (complete and news)
        self.take(decision)

    @invariant()
    def every_change_of_text_has_its_own_number(self) -> None:
        assert sorted(self.texts) == list(range(1, self.state.text_version + 1))
        assert self.texts.get(self.state.text_version, ()) == self.state.sections

    @invariant()
    def sections_stand_once_and_in_order(self) -> None:
        names = [s.name for s in self.state.sections]
        assert names == [n for n in sections.NAMES if n in names]

    @invariant()
    def what_is_approved_is_complete_and_published_once_in_order(self) -> None:
        assert self.published == sorted(set(self.published))
        assert all(len(self.texts[v]) == len(sections.NAMES) for v in self.published)
        if self.state.status is PostmortemStatus.APPROVED:
            assert self.state.approved_version == self.state.text_version == self.published[-1]

    @invariant()
    def the_draft_becomes_ready_once(self) -> None:
        assert self.ready == (0 if review.unwritten(self.state) else 1)


TestReview = Review.TestCase
TestReview.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_a_section_counts_what_could_not_be_verified() -> None:
    marked = Statement(kind=StatementKind.FACT, text="x", unverified="cites nothing")
    section = Section(name="impact", statements=(marked, marked), author="m")
    decision = review.section_drafted(
        Postmortem(id=1, status=PostmortemStatus.DRAFTING, scheduled_at=NOW, version=1), section
    )
    event = decision.events[0]
    assert isinstance(event, SectionDrafted)
    assert (event.statements, event.unverified) == (2, 2)
