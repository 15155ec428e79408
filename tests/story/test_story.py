"""One alert's whole life, on both databases, as the newcomer lives it."""

import json
from pathlib import Path

from tests.story.bot import BACKUP, ONCALL, YOU, living
from tests.story.reading import buttons, count, find, said, seen


async def test_from_a_failing_check_to_an_approved_postmortem(tmp_path: Path, database_url: str) -> None:
    async with living(tmp_path, database_url) as bot:
        workspace = bot.workspace
        you, demo = workspace.person(YOU), workspace.demo
        assert demo is not None

        # 1. the health report, to whoever asked alone
        await you.command("/do", "manage health", channel="#general")
        report = await seen(workspace, "#general", "demo", "healthy")
        assert report.only_for == YOU

        # 2. the demo service breaks: a card says what, how bad, and who is next
        await demo.set_mode("down")
        card = await seen(workspace, "#alerts", "#1 demo is down", "high", "Next")
        assert {"Acknowledge", "Resolve"} <= set(buttons(card))
        dm = workspace.state.im(ONCALL).id
        await seen(workspace, dm, "demo is down")

        # 3. eyes acknowledge it, in place; the next step is gone; taking them back brings it
        await you.react("#alerts", card.ts, "eyes")
        await seen(workspace, "#alerts", "#1 demo is down", "acknowledged by")
        thread = await seen(workspace, "#alerts", "acknowledged this at")
        assert thread.thread_ts == card.ts
        await you.unreact("#alerts", card.ts, "eyes")
        await seen(workspace, "#alerts", "gave this back")
        await seen(workspace, workspace.state.im(BACKUP).id, "demo is down")
        await you.command("/do", "manage ack 1", channel="#general")
        await seen(workspace, "#alerts", "#1 demo is down", "acknowledged by")
        assert count(workspace, "#alerts", "React", "demo is down") <= 1

        # 4. the incident has its channel, its people and its pinned card
        summary = await seen(workspace, "#incident-1", "Incident #1: demo is down", "investigating")
        room = workspace.state.channel("incident-1")
        assert room is not None
        await workspace.until(lambda: ONCALL in room.members)
        await workspace.until(lambda: summary.ts in room.pins)
        await seen(workspace, "#incidents", "Incident #1: demo is down")

        # 5. chat, a pinned message, an update, the resolution
        await you.join("incident-1")
        message = await you.say("#incident-1", "The demo service was stopped by hand at 12:00")
        await you.react("#incident-1", message.ts, "pushpin")
        await seen(workspace, "#incident-1", "the timeline by")
        await you.command(
            "/do", 'manage incident update --text "It is being started" --status identified', channel="#incident-1"
        )
        await seen(workspace, "#incident-1", "It is being started")
        await seen(workspace, "#incident-1", "Incident #1: demo is down", "identified")
        await demo.set_mode("ok")
        await seen(workspace, "#alerts", "#1 demo is down", "resolved")
        over = await seen(workspace, "#incident-1", "Is the incident over?")
        await you.press("#incident-1", over.ts, buttons(over)["Resolve incident"])
        form = await workspace.until(lambda: you.modal)
        await you.submit(form.id, {"cause": "people"})
        await seen(workspace, "#incident-1", "Time to resolve")

        # 6. the draft in its thread, a change, the approval, the closed channel
        draft = await seen(workspace, "#incident-1", "Postmortem", "Approve", within=30)
        await seen(workspace, "#incident-1", "without AI")
        await you.say("#incident-1", "impact: nobody outside was hurt", thread_ts=draft.ts)
        await seen(workspace, "#incident-1", "nobody outside was hurt")
        approve = next(
            i
            for label, i in buttons(find(workspace, "#incident-1", "Postmortem", "Approve") or draft).items()
            if label.startswith("Approve")
        )
        await you.press("#incident-1", draft.ts, approve)
        await workspace.until(lambda: room.is_archived, 20)
        assert any(file.name.endswith(".md") for file in workspace.state.files.values())

        # what the shell says of it, and what Slack thinks of how we behaved
        shown = bot.shell("incident", "timeline", "1", "--json")
        told = [line["said"] for line in json.loads(shown.stdout)["timeline"]]
        assert any("stopped by hand" in line for line in told)
        dead = json.loads(bot.shell("jobs", "--state", "dead", "--json").stdout)
        assert dead["jobs"] == []
        assert workspace.violations == []
        assert [c for c in workspace.calls if not c.ok] == []
        assert "rror" not in said(card)
        assert await bot.stop() == 0
