"""The bot: rooms of the trade, each deciding purely and acting through ports."""
