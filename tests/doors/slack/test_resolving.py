"""An incident is resolved from the question whether it is over, and the form asks for its cause."""

import pytest

from bot.incidents import cards
from bot.permissions import Caller
from bot.sandbox import Workspace
from storage.tables import incidents
from tests.doors.slack.conftest import YOU, Start, posted
from tests.doors.slack.test_declaring import declared


@pytest.mark.parametrize("cause", ["deploy", ""])
async def test_the_question_opens_the_form_with_the_cause(workspace: Workspace, start: Start, cause: str) -> None:
    async with start(incidents={"archive": "never"}) as bot:
        lead = Caller(id=YOU, via="slack")
        await bot.invoke(["incident", "declare", "Checkout", "is", "down"], lead)
        card = cards.alert_over(await declared(bot), 7, bot.ports.now())
        question = await posted(bot, "incident:1", card, kind="over")
        person = workspace.person(YOU)
        await person.press("#alerts", question.ts, "form:0")
        view = await workspace.until(lambda: person.modal)
        assert view.body["title"]["text"] == "Resolve the incident"
        assert (await declared(bot)).open

        assert (await person.submit(view.id, {"cause": cause} if cause else {})).errors == {}
        await workspace.until(lambda: "Incident #1 resolved" in str(view.body["blocks"]))

        async with bot.ports.store.read() as conn:
            resolved = await incidents.get(conn, 1)
    assert resolved is not None
    assert (resolved.open, resolved.cause) == (False, cause)
