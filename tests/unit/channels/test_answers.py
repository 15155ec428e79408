import pytest

from bot.notifications import answers


@pytest.mark.parametrize(
    ("said", "argv"),
    [
        ("ack 43 44", ("ack", "43", "44")),
        ("ACK #43, #44.", ("ack", "43", "44")),
        ("ack all", ("ack", "all")),
        ("ack 42 on it", ("ack", "42", "--comment=on it")),
        ("ack 42 3 of them are down", ("ack", "42", "--comment=3 of them are down")),
        ("resolve 42 43", ("resolve", "42", "--comment=43")),
        ("ack", ("ack",)),
    ],
)
def test_an_answer_names_one_alert_or_several(said, argv):
    assert answers.argv(said) == argv


def test_all_alone_means_all_even_where_one_alert_is_answered():
    assert answers.argv("ack all", 42) == ("ack", "all")


def test_words_behind_are_the_comment_of_the_alert_that_is_answered():
    assert answers.argv("ack looking at it", 42) == ("ack", "42", "--comment=looking at it")
