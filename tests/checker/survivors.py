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
    "kernel/theorem.py _check_direction: True -> False": (
        "a direction is read again where its parameter moves: 'a matrix moves by a number alone'"
    ),
    "kernel/theorem.py _noise_form: encoder.location is not None -> True": (
        "without location every argument is of the noise's law, which must not move: "
        "'the encoder moves without location'"
    ),
    "kernel/theorem.py _noise_form: check(located, f'the encoder moves, but {encoder.name} has no "
    "location and scale') -> pass": "the same",
    "kernel/evaluate.py _factor: head == 'H' -> True": (
        "log p would give its arguments one binder more, H does not: 'an index changed'"
    ),
    "refusal.py _point: isinstance(raw, list) and len(raw) == 2 -> len(raw) == 2": (
        "the gate has seen that points are lists"
    ),
    # Equal either way.
    "kernel/evaluate.py _sign: power > 0 and power % 2 == 0 -> power % 2 == 0": (
        "the base of a power below 0 has been shown to be positive"
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
    "kernel/normal_form.py Work._divided: root.head != 'root' or exponent > 0 or root.leading is "
    "None -> exponent > 0 or root.leading is None": "only a root has a leading product",
    "kernel/normal_form.py Work.monomial: atom.head == 'integer' and whole -> atom.head == "
    "'integer'": "2^0 = 1",
    "kernel/normal_form.py Work._content: lowest and atom.positive -> atom.positive": "s^0 = 1",
    "kernel/normal_form.py Work._renamed: old in atom.free -> True": (
        "a name that does not occur may be renamed"
    ),
    "kernel/reader.py shaped: isinstance(raw, str) and raw in shape -> raw in shape": (
        "what is equal to a text is one"
    ),
    "kernel/theorem.py entropy_sum: model.family('prior').log_base_measure != 0 -> True": (
        "the mean of 0 is 0"
    ),
    "kernel/theorem.py entropy_sum: model.family('decoder').log_base_measure != 0 -> True": (
        "the mean of 0 is 0"
    ),
    "kernel/theorem.py _inputs: noise and name not in family.shape -> noise": (
        "the encoder is noise because its location or scale names what moves"
    ),
    "refusal.py _growth: growth and (type(power) is not int or power < 0) -> type(power) is not int "
    "or power < 0": "what does not grow is slow",
    "refusal.py _check_tails: witness.kind == 'decoder' -> True": (
        "for the other kind prior and encoder are both shown to be normal"
    ),
}

# For a quick look: mutants, each with a document or law that notices it.
SAMPLE: dict[str, str] = {
    "gate.py check_words: require(NAME.fullmatch(name), name, 'not a name') -> pass": (
        "a name of two words"
    ),
    "kernel/reader.py model: require(not unused, unused, 'an unused family') -> pass": (
        "an unused family"
    ),
    "kernel/evaluate.py _function: check(not d, f'{shown(inner)} moves: loggamma is not "
    "differentiated') -> pass": "log gamma moves",
    "kernel/normal_form.py Work.exponential: len(mono) == len(logs) == 1 -> len(logs) == 1": (
        "exp of a multiple of a logarithm"
    ),
    "kernel/theorem.py check_family: work.equal(work.add(stretch, change), right) -> True": (
        "a covariance's direction that is half"
    ),
    "kernel/theorem.py accept: check(work.equal(closed, target), 'not shown to equal the entropy "
    "sum + excess') -> pass": "one nat more",
    "kernel/theorem.py (module): ['add', Q, PRIOR, DECODER] -> ['add', Q, DECODER]": "valid: vae2",
    "refusal.py _check: _check_tails(witness, normal) -> pass": (
        "refusal: one over softplus of z under Laplace"
    ),
}
