"""The meeting in which a postmortem is talked over: when, who comes, and what calendars are told of it."""
