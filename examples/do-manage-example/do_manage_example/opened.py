"""How many alerts were opened: counted as it happens, told every morning."""

from datetime import timedelta

from bot.bus import Fact, on, schedule
from bot.cards.card import Card
from bot.events import AlertOpened
from bot.phrasing import plural
from bot.ports import Ports
from storage.records.samples import Sample
from storage.tables import samples

METRIC = "example_alerts_opened"


@on(AlertOpened)
async def count(ports: Ports, fact: Fact[AlertOpened]) -> None:
    """Keep one sample for each opened alert; a repeated attempt keeps no second one."""
    sample = Sample(metric=METRIC, at=fact.at, value=1, labels={"alert": fact.subject})
    async with ports.store.read() as conn:
        known = await samples.series(conn, METRIC, sample.labels)
    if not known:
        await ports.store.transact(lambda unit: samples.insert(unit.conn, [sample]))


@schedule("@daily 09:00")
async def tell(ports: Ports) -> None:
    """Say in the alerts channel how many were opened since yesterday; without Slack there is nobody to tell."""
    if ports.chat is None:
        return
    now = ports.now()
    async with ports.store.read() as conn:
        opened = await samples.series(conn, METRIC, since=now - timedelta(days=1))
    card = Card(title=f"{plural(len(opened), 'alert')} opened since yesterday")
    await ports.chat.post(ports.manage.channels.alerts, card, key=f"example:opened:{now:%Y-%m-%d}")
