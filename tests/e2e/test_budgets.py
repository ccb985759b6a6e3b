"""docs/budgets.md names every budget that a node counts, and tests there are."""
import pathlib
import re

HERE = pathlib.Path(__file__).parents[1]
PAGE = HERE.parent / "docs" / "budgets.md"


def test_every_test_that_the_page_names_is_there():
    named = re.findall(r"`(\w+)`: (\w+) \|", PAGE.read_text())
    assert len(named) > 60
    for folder, name in named:
        # Tests that several programs share are in support/.
        files = [*(HERE / folder).glob("test_*.c"),
                 *(HERE / "support").glob("*_contract.c")]
        assert any(re.search(rf"\b{name}\(\s*void \*\* state\)", f.read_text())
                   for f in files), name


def test_every_budget_in_the_code_is_on_the_page():
    page = PAGE.read_text()
    named = {name for f in (HERE.parent / "src").rglob("*.c")
             for name in re.findall(
                 r'(?:budget|patience)_init\([^;"]*"([a-z0-9_.]+)"',
                 f.read_text())}
    assert len(named) > 60
    assert not [name for name in named if f"`{name}`" not in page]
    # And the reverse: no row is of a budget that went.
    rows = set(re.findall(r"^\| `(\w+\.\w+)` \|", page, re.M))
    assert not rows - named


def test_every_budget_of_a_node_is_on_the_page(nodes):
    page = PAGE.read_text()
    shown = nodes().api.call("SystemInfo").budgets
    assert len({b.name for b in shown}) == len(shown) > 40
    missing = [b.name for b in shown if f"`{b.name}`" not in page]
    assert not missing
