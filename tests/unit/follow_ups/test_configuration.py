"""The emoji of follow-ups means nothing else."""

import pytest
from pydantic import ValidationError

from bot.config.follow_ups import TAKEN, FollowUps


@pytest.mark.parametrize("emoji", sorted(TAKEN))
def test_an_emoji_that_means_something_else_is_refused_with_the_reason(emoji: str) -> None:
    with pytest.raises(ValidationError, match=f"another emoji than {emoji}: it "):
        FollowUps(emoji=emoji)


def test_any_other_one_is_taken_with_or_without_colons() -> None:
    assert FollowUps.model_validate({"emoji": ":memo:"}).emoji == "memo"
