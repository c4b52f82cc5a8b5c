"""The glossary on the command line."""

import json
import subprocess
import sys

from entropysym.glossary import glossary


def test_a_word_is_explained(run):
    shown = run("explain", "Noise_Ball")
    assert shown.returncode == 0
    lines = shown.stdout.splitlines()
    assert lines[0] == "noise ball"
    assert "mini-batch" in shown.stdout
    assert lines[-1] == "in the code: reading NOISE_BALL"
    assert max(map(len, lines)) <= 100


def test_words_are_one_entry_and_its_formula_stands_as_it_is(run):
    shown = run("explain", "gap", "identity").stdout
    assert shown.splitlines()[:2] == ["gap identity", "    F = ℰ + v·∇F"]
    record = json.loads(run("explain", "gap identity", "--json").stdout)
    assert record["word"] == "gap identity"
    assert record["formula"] == "F = ℰ + v·∇F"
    assert set(record["related"]) <= set(glossary())


def test_without_a_word_all_are_listed(run):
    lines = run("explain").stdout.splitlines()
    assert len(lines) == len(glossary())
    assert all(line.startswith(word) for line, word in zip(lines, glossary(), strict=True))
    assert all(line.endswith(".") for line in lines)
    records = json.loads(run("explain", "--json").stdout)
    assert [r["word"] for r in records] == list(glossary())


def test_an_unknown_word_is_one_line_and_bad_input(run):
    shown = run("explain", "stationery", "point")
    assert shown.returncode == 2
    assert shown.stdout == ""
    assert shown.stderr.count("\n") == 1
    assert "did you mean 'stationary point'" in shown.stderr


def test_it_loads_nothing_heavy():
    program = (
        "import sys; sys.argv[1:] = ['explain', 'gap']\n"
        "from entropysym.cli import main; assert main() == 0\n"
        "assert not {'sympy', 'numpy', 'jax'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
