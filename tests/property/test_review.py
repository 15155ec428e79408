"""The review of a postmortem as a state machine: whatever people, the model and crashes do in whatever order."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.decision import Decision
from bot.events import (
    DraftReady,
    PostmortemApproved,
    SectionApproved,
    SectionDrafted,
    SectionReopened,
)
from bot.postmortems import review, sections
from storage.records.postmortems import Postmortem, PostmortemStatus, Section, Statement, StatementKind

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = st.sampled_from(sections.NAMES)
WORDS = st.sampled_from("abcde")
PEOPLE = st.sampled_from(("U1", "U2"))


def fact(text: str, by: str = "") -> Statement:
    return Statement(kind=StatementKind.FACT, text=text, evidence=(1,), author=by)


def a_section(name: str, *texts: str) -> Section:
    return Section(name=name, statements=tuple(map(fact, texts)), author="facts")


def text_of(parts: tuple[Section, ...]) -> dict[str, tuple[Statement, ...]]:
    return {part.name: part.statements for part in parts}


class Review(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.texts: dict[int, dict[str, tuple[Statement, ...]]] = {}
        self.published: list[int] = []
        self.read: dict[str, Section] = {}
        self.approved: dict[str, tuple[Statement, ...]] = {}
        self.plan = list(sections.NAMES)

    @initialize(known=st.integers(1, len(sections.NAMES)))
    def scheduled(self, known: int) -> None:
        """An older program may have known fewer sections when it began the draft."""
        self.plan = list(sections.NAMES[:known])
        self.state: Postmortem = replace(review.schedule(None, 1, at=NOW).state, version=1)

    def take(self, decision: Decision[Postmortem]) -> None:
        before, after = self.state, decision.state
        assert decision.reason
        if not decision.changed:
            assert after == before
            return
        if after.text_version != before.text_version:
            assert after.text_version == before.text_version + 1
            self.texts[after.text_version] = text_of(after.sections)
        for event in decision.events:
            match event:
                case PostmortemApproved(text_version=version):
                    self.published.append(version)
                case SectionApproved(section=name):
                    self.approved[name] = self.now(name).statements
                case SectionReopened(section=name):
                    self.approved.pop(name, None)
                case SectionDrafted(section=name):
                    self.approved.pop(name, None)
                case _:
                    pass
        self.state = replace(after, version=before.version + 1)

    def now(self, name: str) -> Section:
        return next(s for s in self.state.sections if s.name == name)

    def there(self, name: str) -> bool:
        return name in {s.name for s in self.state.sections}

    def words_of_people(self, name: str) -> set[tuple[str, str]]:
        return {(s.text, s.author) for s in self.now(name).statements if s.author} if self.there(name) else set()

    @rule()
    def schedule_again(self) -> None:
        self.take(review.schedule(self.state, 1, at=NOW))

    @rule()
    def start(self) -> None:
        written = {s.name for s in self.state.sections}
        decision = review.start(self.state, now=NOW)
        assert not written & {timer.payload["section"] for timer in decision.timers}
        self.take(decision)
        if decision.changed and written:
            self.plan = list(sections.NAMES)

    @precondition(lambda self: self.state.status is PostmortemStatus.DRAFTING)
    @rule(name=NAMES, text=WORDS)
    def drafted(self, name: str, text: str) -> None:
        if name in self.plan:
            self.take(review.section_drafted(self.state, a_section(name, text), plan=self.plan))

    @rule(name=NAMES)
    def comment(self, name: str) -> None:
        decision = review.comment(self.state, name, "please")
        assert decision.changed == self.there(name)
        self.take(decision)

    @rule(name=NAMES)
    def somebody_opens_the_form(self, name: str) -> None:
        if self.there(name):
            self.read[name] = self.now(name)

    @rule(name=NAMES, texts=st.lists(WORDS, max_size=3), stale=st.booleans())
    def redrafted(self, name: str, texts: list[str], stale: bool) -> None:
        """The model answers, also with a text that it began before people changed theirs."""
        before = self.words_of_people(name)
        if stale and name in self.read:
            new = replace(self.read[name], statements=tuple(map(fact, texts)))
        else:
            new = a_section(name, *texts)
        self.take(review.redrafted(self.state, new))
        assert before <= self.words_of_people(name)

    @rule(name=NAMES, texts=st.lists(WORDS, min_size=1, max_size=3), by=PEOPLE)
    def edited(self, name: str, texts: list[str], by: str) -> None:
        base = self.read.get(name)
        since = self.words_of_people(name) - {(s.text, s.author) for s in (base.statements if base else ())}
        typed = tuple(fact(text, by) for text in texts)
        self.take(review.edited(self.state, name, typed, by=by, base=base))
        if self.there(name):
            assert {(text, by) for text in texts} <= self.words_of_people(name)
            assert base is None or since <= self.words_of_people(name)

    @rule(by=PEOPLE)
    def approve(self, by: str) -> None:
        decision = review.approve(self.state, by=by, now=NOW)
        assert decision.changed == (self.state.status is PostmortemStatus.IN_REVIEW)
        self.take(decision)

    @rule(name=NAMES, by=PEOPLE, fresh=st.booleans())
    def approve_section(self, name: str, by: str, fresh: bool) -> None:
        read = self.now(name) if fresh and self.there(name) else self.read.get(name)
        decision = review.approve_section(self.state, name, by=by, now=NOW, revision=read.revision if read else None)
        if decision.changed and read is not None:
            assert self.now(name).statements == read.statements
        self.take(decision)

    @rule(name=st.one_of(st.just(""), NAMES))
    def reopen(self, name: str) -> None:
        self.take(review.reopen(self.state, name))
        if not name:
            assert not any(s.approved_by for s in self.state.sections)

    @rule()
    def crash(self) -> None:
        """A decision that was made and never committed leaves no trace."""
        review.approve(self.state, by="U1", now=NOW)
        review.start(self.state, now=NOW)

    @invariant()
    def every_change_of_text_has_its_own_number(self) -> None:
        assert sorted(self.texts) == list(range(1, self.state.text_version + 1))
        assert self.texts.get(self.state.text_version, {}) == text_of(self.state.sections)

    @invariant()
    def sections_stand_once_and_in_order(self) -> None:
        names = [s.name for s in self.state.sections]
        assert names == [n for n in sections.NAMES if n in names]

    @invariant()
    def an_approval_is_of_the_text_that_stands(self) -> None:
        for part in self.state.sections:
            assert bool(part.approved_by) == (part.name in self.approved)
            if part.approved_by:
                assert self.approved[part.name] == part.statements

    @invariant()
    def the_whole_is_approved_exactly_when_every_section_is(self) -> None:
        state = self.state
        settled = bool(state.sections) and all(s.approved_by for s in state.sections)
        assert (state.status is PostmortemStatus.APPROVED) == (settled and review.complete(state))

    @invariant()
    def what_is_approved_is_published_once_in_order(self) -> None:
        assert self.published == sorted(set(self.published))
        if self.state.status is PostmortemStatus.APPROVED:
            assert self.state.approved_version == self.state.text_version == self.published[-1]


TestReview = Review.TestCase
TestReview.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def a_draft(*parts: Section, status: PostmortemStatus = PostmortemStatus.DRAFTING) -> Postmortem:
    return Postmortem(id=1, status=status, scheduled_at=NOW, sections=parts, text_version=len(parts), version=1)


def test_a_section_counts_what_could_not_be_verified() -> None:
    marked = Statement(kind=StatementKind.FACT, text="x", unverified="cites nothing")
    section = Section(name="impact", statements=(marked, marked), author="m")
    event = review.section_drafted(a_draft(), section).events[0]
    assert isinstance(event, SectionDrafted)
    assert (event.statements, event.unverified) == (2, 2)


def test_a_draft_begun_with_fewer_sections_is_ready_when_those_are_there() -> None:
    decision = review.section_drafted(a_draft(a_section("summary", "a")), a_section("impact", "b"), plan=("impact",))
    assert [type(event) for event in decision.events] == [SectionDrafted, DraftReady]


def test_a_postmortem_with_fewer_sections_than_there_are_now_is_approvable_and_completable() -> None:
    old = a_draft(a_section("summary", "a"), status=PostmortemStatus.IN_REVIEW)
    assert review.approve(old, by="U1", now=NOW).state.status is PostmortemStatus.APPROVED
    missing = review.start(old, now=NOW)
    assert [t.payload["section"] for t in missing.timers] == [n for n in sections.NAMES if n != "summary"]


def test_a_postmortem_approved_as_a_whole_before_sections_had_approvals_can_be_reopened() -> None:
    old = a_draft(a_section("summary", "a"), status=PostmortemStatus.APPROVED)
    assert review.reopen(old).state.status is PostmortemStatus.IN_REVIEW


def test_a_changed_section_says_whose_approval_it_took_back() -> None:
    approved = replace(a_section("summary", "a"), approved_by="U1")
    event = review.redrafted(a_draft(approved), a_section("summary", "b")).events[0]
    assert isinstance(event, SectionDrafted)
    assert event.taken_back == "U1"


def test_an_approval_of_another_text_is_refused_with_what_to_do() -> None:
    decision = review.approve_section(a_draft(a_section("impact", "a")), "impact", by="U1", now=NOW, revision=2)
    assert not decision.changed
    assert decision.reason == "Impact has changed meanwhile: read it again, then approve it"


def test_approving_the_same_text_again_publishes_nothing_twice() -> None:
    first = review.approve(a_draft(a_section("summary", "a"), status=PostmortemStatus.IN_REVIEW), by="U1", now=NOW)
    again = review.approve(review.reopen(first.state).state, by="U2", now=NOW)
    assert again.state.status is PostmortemStatus.APPROVED
    assert [type(event) for event in again.events] == [SectionApproved]


def test_the_kind_of_a_message_tells_which_text_it_shows() -> None:
    assert review.read_shown(review.shown(replace(a_section("follow-ups", "a"), revision=12))) == ("follow-ups", 12)
    assert review.read_shown("draft") is None
    assert review.read_shown("section:impact") is None
