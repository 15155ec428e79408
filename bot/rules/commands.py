"""What people may ask about rules."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from bot.cards.card import Card, Code, CommandLine
from bot.command import Context, Usage, command, nearest
from bot.config import durations
from bot.config.errors import ConfigError
from bot.config.rules import RuleConfig
from bot.numbers import NUMBER
from bot.phrasing import duration
from bot.rules import cards, fatigue_cards, files, replaying, service, weekly
from bot.rules.replaying import Replayed

SHELL = "shell"
LONGEST = timedelta(days=366)


@command("alerts rules", reads=True)
@click.option("--page", type=NUMBER, default=1, help="Page of the list.")
async def rules(ctx: Context, page: int) -> Card:
    """List the rules over metrics: where each stands, its value against its limit, since when."""
    lines = [
        cards.Line(rule=one.watched.rule, config=one.watched.config, unit=one.watched.unit, outcomes=one.outcomes)
        for one in await service.look(ctx.ports)
    ]
    card = cards.rules(lines, now=ctx.ports.now(), page=page)
    if page > 1 and card.table is not None and not card.table.rows:
        raise Usage(f"there is no page {page}", ("See the first: ", CommandLine(("alerts", "rules"))))
    return card


@command("alerts test", reads=True, acts=("file",))
@click.option("--rule", "name", default="", help="Rule to replay; of a file with several, this one.")
@click.option("--period", default="7d", help="How far back: 7d, 12h, 2w.")
@click.option("--rule-file", "file", default="", help="YAML file of rules not yet in force; from a shell only.")
@click.option("--condition", default="", help="Condition of a rule not yet in force, or instead of the rule's own.")
@click.option("--for", "for_", default="", help="How long it must hold, instead of the rule's own.")
@click.option("--keep-firing-for", "keep", default="", help="How long it goes on firing, instead of the rule's own.")
@click.option("--severity", default="", help="How bad, instead of the rule's own.")
@click.option("--policy", default="", help="Escalation policy, instead of the rule's own.")
@click.option("--page", type=NUMBER, default=1, help="Page of the list.")
async def test(ctx: Context, name: str, period: str, file: str, page: int, **changed: str) -> Card:
    """Replay kept samples against a rule: when it would have fired, and whom it would have told.

    Give a rule of manage.yml, a condition of your own, or from a shell a file of rules. Nothing is changed, nobody is
    told.
    """
    span = _span(period)
    given = {
        key: value for key, value in {**changed, "for": changed.get("for_", "")}.items() if value and key != "for_"
    }
    if "keep" in given:
        given["keep_firing_for"] = given.pop("keep")
    chosen = _chosen(ctx, name, file, given)

    async def said(share: float) -> None:
        await ctx.progress(Card(title=f"Replaying the last {duration(span)}: {share:.0%}"))

    found = await replaying.replay_all(ctx.ports, chosen, ctx.ports.now() - span, said=_seldom(said))
    results = [await _result(ctx, one) for one in found]
    if len(results) > 1:
        return cards.several(results)
    options = [
        word
        for key, value in (("--rule", name), ("--period", period), ("--rule-file", file))
        if value
        for word in (key, value)
    ]
    spelled = [word for key, value in given.items() for word in (f"--{key.replace('_', '-')}", value)]
    return cards.replayed(results[0], ("alerts", "test", *options, *spelled), page=page)


@command("alerts report", reads=True)
@click.option("--period", default="7d", help="How far back: 7d, 2w, 30d.")
async def report(ctx: Context, period: str) -> Card:
    """Tell what alerts cost people: noisy rules, what was acknowledged for nothing, pages at night.

    For each noisy rule a change is proposed, with what it would have done to the alerts of that time.
    """
    span = _span(period)

    async def said(share: float) -> None:
        await ctx.progress(Card(title=f"Trying changes of noisy rules: {share:.0%}"))

    found = await weekly.report(ctx.ports, ctx.ports.now() - span, said=_seldom(said))
    return fatigue_cards.report(found.fatigue, found.proposals)


def _span(period: str) -> timedelta:
    try:
        span = durations.parse(period)
    except ValueError as wrong:
        raise Usage(f"--period {period} is no period", f"Write {wrong}.") from None
    if not timedelta(0) < span <= LONGEST:
        raise Usage(f"--period {period} is out of range", "More than nothing, and at most 366d.")
    return span


def _chosen(ctx: Context, name: str, file: str, given: dict[str, str]) -> dict[str, RuleConfig]:
    """The rules that are meant, by name."""
    if file:
        return _of_file(ctx, name, file, given)
    known = {n: rule for n, rule in ctx.ports.manage.alerts.rules.items() if rule.watches}
    if name and name not in known and not given.get("condition"):
        close = nearest(name, known)
        hint = f"Did you mean {close[0]}?" if close else ("See all of them: ", CommandLine(("alerts", "rules")))
        raise Usage(f"there is no rule {name} over metrics", hint)
    if not name and not given.get("condition"):
        raise Usage("which rule?", ("Give ", Code("--rule NAME"), " or ", Code('--condition "cpu > 80"'), "."))
    base = known[name].model_dump(by_alias=True, exclude_unset=True) if name in known else {}
    if given.get("condition"):
        base = {key: value for key, value in base.items() if key not in ("anomaly", "clear")}
    return {name or "condition": _checked(ctx, name or "condition", base, given)}


def _checked(ctx: Context, name: str, base: dict[str, Any], given: dict[str, str]) -> RuleConfig:
    policies = ctx.ports.manage.escalation
    if given.get("policy") and given["policy"] not in policies:
        raise Usage(f"there is no policy {given['policy']}", f"One of: {', '.join(policies)}.")
    try:
        metrics, sources = ctx.ports.manage.metrics, ctx.ports.sources
        files.rule_of(name, {"condition": base.get("condition") or "cpu > 0", **given}, metrics, sources)
        return RuleConfig.model_validate({**base, **given})
    except ConfigError as wrong:
        problem = wrong.problems[0]
        key = problem.path.rpartition(".")[2].replace("_", "-")
        raise Usage(f"--{key}: found {problem.found}", f"Allowed: {problem.allowed}.") from None


def _of_file(ctx: Context, name: str, file: str, given: dict[str, str]) -> dict[str, RuleConfig]:
    if ctx.caller.via != SHELL:
        raise Usage(
            "files are read from a shell only", ("Give the rule here: ", Code('--condition "cpu > 80" --for 5m'), ".")
        )
    if given:
        raise Usage("a file has the rule as it is meant", "Leave the options out, or write them into the file.")
    try:
        found = files.rules_in(Path(file), ctx.ports.manage.metrics, ctx.ports.sources)
    except ConfigError as wrong:
        raise Usage(str(wrong), "Nothing was replayed.") from None
    if name and name not in found:
        raise Usage(f"{file} has no rule {name}", f"It has: {', '.join(found)}.")
    return {name: found[name]} if name else found


async def _result(ctx: Context, one: Replayed) -> cards.Result:
    return cards.Result(
        name=one.name,
        config=one.config,
        unit=one.unit,
        since=one.since,
        until=one.until,
        firings=one.firings,
        told=await replaying.pages(ctx.ports, one),
        samples=one.samples,
        first=one.first,
        errors=one.errors,
        error=one.error,
    )


def _seldom(said: replaying.Said) -> replaying.Said:
    """Tell of each tenth only: who watches an edit for every percent sees none of them."""
    tenths = 0

    async def seldom(share: float) -> None:
        nonlocal tenths
        if int(share * 10) > tenths and share < 1:
            tenths = int(share * 10)
            await said(share)

    return seldom
