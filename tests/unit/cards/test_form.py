import pytest

from bot.cards.form import FormField, errors, form, values

FIELDS = (
    FormField(name="title", label="Title", required=True, default="Checkout is slow"),
    FormField(name="description", label="What is known", kind="multiline", hint="Facts first."),
    FormField(name="severity", label="Severity", kind="choice", options=("critical", "high"), default="high"),
    FormField(name="people", label="People affected", kind="number", default="12"),
    FormField(name="private", label="Private", kind="flag", required=True, default="true"),
    FormField(name="commander", label="Incident commander", kind="user", default="U012AB3CD"),
    FormField(name="since", label="Since", kind="datetime", default="2026-11-23T12:00:00+00:00"),
)


def elements(fields=FIELDS):
    return {block["block_id"]: block["element"] for block in form("t", fields, callback_id="c")["blocks"]}


def test_each_kind_of_field_has_its_element():
    assert {name: element["type"] for name, element in elements().items()} == {
        "title": "plain_text_input",
        "description": "plain_text_input",
        "severity": "static_select",
        "people": "number_input",
        "private": "checkboxes",
        "commander": "users_select",
        "since": "datetimepicker",
    }


def test_defaults_are_filled_in():
    shown = elements()

    assert shown["title"]["initial_value"] == "Checkout is slow"
    assert shown["severity"]["initial_option"]["value"] == "high"
    assert shown["people"]["initial_value"] == "12"
    assert shown["private"]["initial_options"] == shown["private"]["options"]
    assert shown["commander"]["initial_user"] == "U012AB3CD"
    assert shown["since"]["initial_date_time"] == 1795435200


def test_only_required_fields_that_can_be_empty_are_demanded():
    optional = {block["block_id"]: block["optional"] for block in form("t", FIELDS, callback_id="c")["blocks"]}

    assert [name for name, can_be_empty in optional.items() if not can_be_empty] == ["title"]


def test_what_was_entered_comes_back_by_name():
    state = {
        "values": {
            "title": {"value": {"type": "plain_text_input", "value": "DB down"}},
            "description": {"value": {"type": "plain_text_input", "value": None}},
            "severity": {"value": {"type": "static_select", "selected_option": {"value": "critical"}}},
            "people": {"value": {"type": "number_input", "value": "3"}},
            "private": {"value": {"type": "checkboxes", "selected_options": []}},
            "commander": {"value": {"type": "users_select", "selected_user": "U0LEAD"}},
            "since": {"value": {"type": "datetimepicker", "selected_date_time": 1795435200}},
        }
    }

    assert values(state, FIELDS) == {
        "title": "DB down",
        "severity": "critical",
        "people": "3",
        "private": "false",
        "commander": "U0LEAD",
        "since": "2026-11-23T12:00:00+00:00",
    }


def test_nothing_entered_leaves_only_the_flags():
    assert values({}, FIELDS) == {"private": "false"}


def test_an_option_too_long_for_slack_comes_back_whole():
    field = FormField(name="check", label="Check", kind="choice", options=("a", "x" * 151))
    offered = elements((field,))["check"]["options"][1]

    state = {"values": {"check": {"value": {"selected_option": offered}}}}

    assert values(state, (field,)) == {"check": "x" * 151}


def test_more_options_than_a_menu_takes_are_grouped():
    field = FormField(name="n", label="N", kind="choice", options=tuple(map(str, range(250))))

    groups = elements((field,))["n"]["option_groups"]

    assert [(g["label"]["text"], len(g["options"])) for g in groups] == [
        ("1 to 100", 100),
        ("101 to 200", 100),
        ("201 to 250", 50),
    ]


def test_a_form_without_fields_says_so():
    assert form("t", (), callback_id="c")["blocks"][0]["text"]["text"] == "Nothing to fill in."


@pytest.mark.parametrize(
    ("fields", "more"),
    [
        ((FormField(name="a", label="A"),) * 2, {}),
        (tuple(FormField(name=f"f{n}", label="F") for n in range(101)), {}),
        ((), {"private_metadata": "x" * 3001}),
    ],
)
def test_what_cannot_be_cut_is_refused(fields, more):
    with pytest.raises(ValueError, match="takes"):
        form("t", fields, callback_id="c", **more)


def test_errors_stand_at_their_fields():
    assert errors({"title": "Say what is broken.", "since": ""}) == {
        "title": "Say what is broken.",
        "since": "Please mend this.",
    }
