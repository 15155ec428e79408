"""What is worth asking fits what is open."""

from bot.assistant.suggestions import MOST, Moment, suggested


def test_in_quiet_times_it_is_about_the_whole() -> None:
    assert suggested(Moment())[0] == "Is everything healthy?"


def test_an_open_incident_comes_first() -> None:
    assert suggested(Moment(incidents=(12, 3), alerts=(7,)))[0] == "What changed before incident #12?"


def test_a_firing_alert_is_asked_after() -> None:
    assert suggested(Moment(alerts=(7, 2)))[0] == "What is behind alert #7?"


def test_there_are_as_many_as_slack_shows() -> None:
    assert all(
        len(suggested(moment)) == MOST
        for moment in (Moment(), Moment(alerts=(1,)), Moment(incidents=(1,), alerts=(1,)))
    )
