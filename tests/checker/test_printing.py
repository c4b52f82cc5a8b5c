"""What is printed says everything: it parses back to the statement that it was printed from."""

import json

import pytest

from entropysym.checker import Malformed, Refused, replay
from entropysym.checker.gate import check_words
from entropysym.checker.kernel.reader import read
from entropysym.checker.printing import statement

from .documents import DOCUMENTS
from .falsehoods import FALSE_CLAIMS
from .laws import LAWS
from .parsing import parse
from .small_graphs import GRAPHS


def printed(document: dict) -> str:
    said = read(document["statement"], document["certificates"])
    check_words(said)
    return statement(said, (), "0")


@pytest.mark.parametrize("build", [*DOCUMENTS, *LAWS, *GRAPHS])
def test_a_printed_statement_parses_back(build):
    document = build()
    assert parse(printed(document)) == document["statement"]


def without_checks(stored: dict) -> dict:
    """Constraints are printed as conditions: a false list of conditions cannot name them."""
    stored = json.loads(json.dumps(stored))
    stored["model"].pop("constraints")
    return stored


@pytest.mark.some(11)
@pytest.mark.parametrize("name", FALSE_CLAIMS)
def test_a_false_statement_is_printed_as_what_it_says(name):
    document = FALSE_CLAIMS[name]()
    try:
        replay(json.dumps(document))
    except Malformed:
        return  # it says nothing
    except Refused:
        found = parse(printed(document))
    assert without_checks(found) == without_checks(document["statement"])
