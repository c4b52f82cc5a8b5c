"""What is known of single deletions: those that nobody notices and why, and some that one document notices."""

# Changes that no document notices, and why, or the document that differs in nothing but the message.
# The key is what `mutants` says: file, function, what was changed.
SURVIVORS: dict[str, str] = {
    # Limits and messages: another check refuses the same documents.
    "gate.py parse: raise Malformed('nested too deep') from None -> pass": (
        "nesting has been counted before, so that the parser does not recurse deep"
    ),
    "kernel/normal_form.py Work.number: check(bits <= MAX_BITS, f'work limit reached (a number of "
    "more than {MAX_BITS} bits)') -> pass": "bits are work as well: 'a tower of powers', later",
    "kernel/normal_form.py Work.atom: check(made.weight <= MAX_WEIGHT, f'work limit reached "
    "({made.weight} parts)') -> pass": "parts are work as well: 'the inverse of many deep addends'",
    "refusal.py _point: isinstance(raw, list) and len(raw) == 2 -> len(raw) == 2": (
        "the gate has seen that points are lists"
    ),
    # What another check asks as well.
    "kernel/graph.py _check_factor: require(side == 'q' or not any_law, name, 'p has a factor of any "
    "law') -> pass": "of any law log p is not known: 'any law as a prior'",
    "kernel/theorem.py _noise_form: family.location is not None and (not factor.select) -> not "
    "factor.select": "without a location all is shape: 'the encoder moves without location'",
    "kernel/reader.py _family: require(name != terms.ANY, name, 'not a name of a family') -> pass": (
        "no factor would be of that family: 'an unused family'"
    ),
    "kernel/reader.py _family: require('var' not in ranges, name, 'an argument that is called like the "
    "variable') -> pass": "the gate refuses the name as well: 'an argument called like the variable'",
    "kernel/normal_form.py Work.monomial: check(exponent > 0, f'a division by {atom.head}') -> pass": (
        "a negative power is of what is > 0: 'one over an indicator'"
    ),
    "kernel/normal_form.py Work.monomial: exponent > 0 -> exponent >= 0": "the same",
    # Equal either way.
    "kernel/evaluate.py arguments: range_ == 'simplex' and _on_simplex(value, *entry) -> "
    "_on_simplex(value, *entry)": "the entries of a simplex are positive",
    "kernel/evaluate.py _in_factors: work.surely_positive(value) or not _sign(site, term) -> not "
    "_sign(site, term)": "its factors are asked for in any case",
    **dict.fromkeys(
        (
            "kernel/evaluate.py _function: check(positive, f'{shown(inner)}: not shown to be positive') "
            "-> pass",
            "kernel/evaluate.py _function: work.surely_positive(split(found)[0]) -> True",
        ),
        "`Work.logarithm` asks again, without the term in its message",
    ),
    "kernel/normal_form.py Work.sign: asked not in self.signs -> True": "it is asked once more",
    "refusal.py _growth: head in terms.FUNCTIONS -> True": (
        "what has one part and is no function holds a name, or a matrix, for which it is stricter"
    ),
    "kernel/evaluate.py _in_range: 1 -> 2 (2)": "any positive number will do",
    "kernel/theorem.py head: factor.family != ANY and any(map(model.latent, reads[kind])) -> "
    "any(map(model.latent, reads[kind]))": "the expectation of one number for each datum is itself",
    "kernel/theorem.py entropy_sum: model.families[factor.family].log_base_measure != 0 -> True": (
        "the mean of log h is 0 where log h is"
    ),
    "kernel/measures.py _integrate: tied and atom.head == 'measure' and (exponent.denominator == 1) "
    "and (exponent > 0) -> atom.head == 'measure' and exponent.denominator == 1 and (exponent > 0)": (
        "a sum that no binder ties may be multiplied out as well"
    ),
    "kernel/measures.py _integrate: tied and atom.head == 'measure' and (exponent.denominator == 1) "
    "and (exponent > 0) -> tied and atom.head == 'measure' and (exponent > 0)": (
        "m^(3/2) = m^(1/2) m, whatever the exponent"
    ),
    "kernel/measures.py _parts: 1 -> 2": "delta^2 is delta",
    "kernel/measures.py _integrate: kind[0] == 'index' and [sums_to_one(*factor, name) for factor in "
    "drawn] == [True] -> [sums_to_one(*factor, name) for factor in drawn] == [True]": (
        "the last plate of a one-hot or a simplex counts no data: its index is neither drawn nor a datum"
    ),
    "kernel/measures.py _integrate: name > 0 -> True": (
        "what is closed holds open names alone: a bound one is free only inside the atom that binds it"
    ),
    "kernel/normal_form.py Work._one_hot: check(powers[atom] >= 0, 'a division by an entry of a one-hot "
    "vector') -> pass": "only rates of |u| divide so, and a rate counts only if it fits",
    "kernel/normal_form.py Work._one_hot: first is not atom and powers[atom] -> first is not atom": (
        "a product has one entry of a vector: another does not meet the power 0 that a division leaves"
    ),
    "kernel/normal_form.py Work._one_hot: 1 -> 2 (2)": "delta^2 is delta, and c^2 is c",
}

# For a quick look: mutants, each with a document or law that notices it.
SAMPLE: dict[str, str] = {
    "gate.py check_words: require(NAME.fullmatch(name), name, 'not a name') -> pass": (
        "a name of two words"
    ),
    "kernel/graph.py check_graph: require(used == {*model.families}, sorted(used), 'families of the "
    "factors, others declared') -> pass": "an unused family",
    "kernel/evaluate.py _function: check(above, f'{head} of {shown(inner)}: not shown to be "
    "positive') -> pass": "log gamma of a difference",
    "kernel/normal_form.py Work.exponential: len(mono) == len(logs) == 1 -> len(logs) == 1": (
        "exp of a multiple of a logarithm"
    ),
    "kernel/theorem.py _check_tempering: work.equal(work.add(stretch, change), right) -> True": (
        "a covariance's direction that is half"
    ),
    "kernel/theorem.py accept: check(work.equal(closed, target), 'not shown to equal the entropy "
    "sum + excess') -> pass": "one nat more",
    "kernel/theorem.py elbo_parts: [*((factor, head(model, 'H', factor)) for factor in model.q.values()), "
    "*((factor, head(model, 'logp', facto... -> [*((factor, head(model, 'logp', factor)) for factor in "
    "model.p.values())]": "valid: vae2",
    "refusal.py _check: _check_tails(witness, normal) -> pass": (
        "refusal: one over softplus of z under Laplace"
    ),
}
