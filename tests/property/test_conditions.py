"""Everything that the reader of conditions accepts, CEL runs; everything else is refused with a word of its own."""

from hypothesis import given
from hypothesis import strategies as st

from bot.config.conditions import BadCondition, read
from bot.rules.conditions import compiled
from bot.rules.decide import Broken

VALUES = {"a": 3.0, "b": 0.0, "c": -7.5}
NUMBERS = st.recursive(
    st.sampled_from(["a", "b", "c", "0", "1", "2.5", ".5", "1e3"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda p: f"{p[0]} {p[1]} {p[2]}"),
        inner.map(lambda x: f"({x})"),
        inner.map(lambda x: f"-({x})"),
        st.tuples(inner, inner).map(lambda p: f"max({p[0]}, {p[1]})"),
        inner.map(lambda x: f"abs({x})"),
    ),
    max_leaves=8,
)
COMPARISONS = st.tuples(NUMBERS, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), NUMBERS).map(" ".join)
TRUTHS = st.recursive(
    COMPARISONS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda p: f"{p[0]} {p[1]} {p[2]}"),
        inner.map(lambda x: f"!({x})"),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} ? {p[1]} : {p[2]})"),
    ),
    max_leaves=5,
)


def in_python(condition: str) -> bool:
    """The same condition by another reader: Python's, of which conditions are nearly a part."""
    words = condition.replace("&&", " and ").replace("||", " or ").replace("!(", " not (")
    return bool(eval(words, {"abs": abs, "max": max}, dict(VALUES)))


@given(TRUTHS.filter(lambda said: "?" not in said))
def test_what_is_accepted_means_what_it_says(condition):
    try:
        compiled_one = compiled(condition)
    except BadCondition:
        return
    try:
        expected = in_python(condition)
    except ZeroDivisionError:
        expected = None
    try:
        found = compiled_one(VALUES, {}).holds
    except Broken:
        found = None
    # CEL lets the side that can be told decide, where Python stops at an error
    assert found == expected or (expected is None and found is not None and ("&&" in condition or "||" in condition))


@given(TRUTHS)
def test_what_is_accepted_gives_true_or_false_or_says_why_not(condition):
    try:
        ready = compiled(condition)
    except BadCondition:
        return
    try:
        said = ready(VALUES, {}).holds
    except Broken as broken:
        said = str(broken)
    assert said in (True, False, "division by zero")


@given(st.text(alphabet="ab01.>=<!&|?:()+-*/%,'\"[]{} \\labels_", max_size=60))
def test_any_text_is_read_or_refused_with_what_was_found(text):
    try:
        said = read(text).metrics
    except BadCondition as bad:
        said = bad.found and bad.allowed
    assert said
