"""What the check of a postmortem found, statement by statement, and what a draft would send (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.cards.card import Bold, Card, Code, Field, Level, Mark, Text
from bot.llm.budget import estimate
from bot.phrasing import cut, plural
from bot.postmortems.evidence import Pack
from bot.postmortems.grounding import Verdict
from bot.postmortems.plan import Asked
from storage.records.postmortems import StatementKind

_ENTRIES = 5
_WORDS = 160


@dataclass(frozen=True)
class Checked:
    """One section with what was found in it."""

    title: str
    verdicts: tuple[Verdict, ...]


def checked(number: int, found: Sequence[Checked], pack: Pack) -> Card:
    """The findings of all sections; bad when a statement is not borne out."""
    verdicts = [verdict for part in found for verdict in part.verdicts]
    failed = [verdict for verdict in verdicts if verdict.failures]
    blaming = sum(1 for verdict in verdicts if verdict.blames)
    steps = tuple(_step(part.title, verdict, pack) for part in found for verdict in part.verdicts)
    told = f"{plural(len(failed), 'statement')} of {len(verdicts)} not borne out"
    return Card(
        title=f"Incident #{number}: {told}" if failed else f"Incident #{number}: {_all_hold(len(verdicts))}",
        level=Level.BAD if failed else Level.WARNING if blaming else Level.OK,
        steps=steps,
        footer=f"{plural(blaming, 'statement')} with words that blame" if blaming else "",
        more=("postmortem", "check", str(number)),
        data={
            "number": number,
            "failed": len(failed),
            "blaming": blaming,
            "statements": [_data(part.title, verdict, pack) for part in found for verdict in part.verdicts],
        },
    )


def _all_hold(count: int) -> str:
    if not count:
        return "there is nothing to check"
    return "the statement holds" if count == 1 else f"all {count} statements hold"


def verdict_of(verdict: Verdict) -> str:
    """The verdict in a word: `unverified`, `weak`, `note`, `question` or `verified`."""
    if verdict.failures:
        return "unverified"
    match verdict.statement.kind:
        case StatementKind.NOTE:
            return "note"
        case StatementKind.UNKNOWN:
            return "question"
        case _:
            return "weak" if verdict.statement.weak else "verified"


_SIGNS = {"unverified": "⚠️", "weak": "🔸", "note": "💬", "question": "❓", "verified": "✅"}


def _step(title: str, verdict: Verdict, pack: Pack) -> Text:
    word = verdict_of(verdict)
    marks: list[str | Mark] = [f"{_SIGNS[word]} {title}, ", Bold(word), f": {verdict.statement.text}"]
    marks += [f"\n   - {failure.code.value}: {failure.reason}" for failure in verdict.failures]
    marks += [f"\n   - {verdict.statement.weak}"] if verdict.statement.weak else []
    marks += [f"\n   - {blame.advice}" for blame in verdict.blames]
    cited = [item for number in verdict.statement.evidence[:_ENTRIES] if (item := pack.get(number))]
    marks += [f"\n   [#{i.id}] {i.at:%Y-%m-%d %H:%M:%S} UTC, {i.actor}: {cut(i.words, _WORDS)}" for i in cited]
    left = len(verdict.statement.evidence) - _ENTRIES
    return (*marks, f"\n   and {plural(left, 'further entry', 'further entries')}") if left > 0 else tuple(marks)


def _data(title: str, verdict: Verdict, pack: Pack) -> dict[str, object]:
    statement = verdict.statement
    cited = {number: pack.get(number) for number in statement.evidence}
    return {
        "section": title,
        "kind": statement.kind.value,
        "text": statement.text,
        "verdict": verdict_of(verdict),
        "failures": [{"code": failure.code.value, "reason": failure.reason} for failure in verdict.failures],
        "weak": statement.weak,
        "blame": [
            {"words": b.words, "suggestion": b.suggestion, "start": b.start, "end": b.end, "quoted": b.soft}
            for b in verdict.blames
        ],
        "evidence": [
            {"id": number, "at": item.at.isoformat(), "by": item.actor, "kind": item.kind, "said": item.words}
            if item
            else {"id": number, "at": None, "by": None, "kind": None, "said": None}
            for number, item in cited.items()
        ],
    }


def dry(number: int, title: str, asked: Asked, pack: Pack, model: str) -> Card:
    """What would be sent to the model for one section."""
    taken = ", ".join(f"{kind} ({count})" for kind, count in pack.redacted.items()) or "nothing was found"
    tokens = sum(estimate(asked.system) + estimate(one) for one in asked.prompts)
    return Card(
        title=f"What drafting “{title}” of incident #{number} would send",
        level=Level.INFO,
        fields=(
            Field(label="To", value=model or "nobody: no model is configured"),
            Field(label="Requests", value=str(len(asked.prompts)) + (f", {asked.then}" if asked.then else "")),
            Field(label="Tokens", value=f"about {tokens:,}"),
            Field(label="Taken out", value=taken),
            *((Field(label="Left out", value=asked.left_out),) if asked.left_out else ()),
        ),
        body=(Code(asked.system), *(Code(one) for one in asked.prompts)),
        data={
            "number": number,
            "system": asked.system,
            "prompts": list(asked.prompts),
            "then": asked.then or None,
            "left_out": asked.left_out or None,
            "redacted": dict(pack.redacted),
            "model": model or None,
        },
    )
