"""The formulas of a random model, written as Python."""

from __future__ import annotations

from typing import Any

from entropysym.testing.spec_laws import CASES

#: Plates of each factor: its index.
INDEX = {"prior": "h", "decoder": "d", "encoder": "h"}
#: Names of scales: positive, real (under a head), known, and a second factor.
SCALE = {"prior": "alpha", "decoder": "sigma", "encoder": "tau"}


class Lines:
    """Collects the lines that declare what the factors read, each once."""

    def __init__(self) -> None:
        self.lines = ['w = ModelWriter(observed="d D", latent="h H")']
        self.learned: dict[str, str] = {}  # names of learned parameters and their plates
        self.networks: list[str] = []

    def plate(self, index: str) -> None:
        self._once(f'w.plate("{index} {index.upper()}")')

    def _once(self, line: str) -> None:
        if line not in self.lines:
            self.lines.append(line)

    def parameter(
        self, name: str, plates: str = "", range_: str = "real", learned: bool = True
    ) -> str:
        for i in plates.split():
            if i not in "dh":
                self.plate(i)
        parts = [f'"{name}"', *([f'"{plates}"'] if plates else [])]
        parts += [f'range="{range_}"'] if range_ != "real" else []
        self._once(f"{name} = w.{'learned' if learned else 'fixed'}({', '.join(parts)})")
        if learned:
            self.learned[name] = plates
        return name

    def network(
        self, name: str, plates: str, reads: str, range_: str = "real", learned: bool = True
    ) -> str:
        for i in plates.split():
            if i not in "dh":
                self.plate(i)
        more = f', range="{range_}"' if range_ != "real" else ""
        more += "" if learned else ", learned=False"
        self._once(f'{name} = w.network("{name}", "{plates}", reads={reads}{more})')
        self.networks.append(name)
        return name

    def factor(self, role: str, spec: Any) -> str:
        """The factor as an expression, its parts declared."""
        family = getattr(spec, role)
        if family == "Any":
            return "families.ANY()"
        case = CASES[family]
        arguments = [self.argument(role, kind, spec) for kind in case.kinds]
        return f'LAWS["{family}"]({", ".join(arguments)})'

    def argument(self, role: str, kind: str, spec: Any) -> str:
        if kind in ("location", "natural"):
            return getattr(self, f"{role}_location")(getattr(spec, f"{role}_location"))
        if kind == "shape":
            return self.shape(role, getattr(spec, f"{role}_shape"))
        scale = self.scale(role, getattr(spec, f"{role}_scale"))
        return scale if kind == "scale" else self.logarithm(scale)

    @staticmethod
    def logarithm(scale: str) -> str:
        plain = scale.startswith("sp.exp(") and scale.count("(") == 2 and scale.endswith(")")
        return scale[len("sp.exp(") : -1] if plain else f"sp.log({scale})"

    def shape(self, role: str, choice: str) -> str:
        if choice == "number":
            return "6"
        return self.parameter(f"nu_{role[0]}", range_="positive", learned=choice == "learned")

    def prior_location(self, choice: str) -> str:
        if choice in ("zero", "number"):
            return "0" if choice == "zero" else "sp.Rational(3, 2)"
        plates = "h" if choice.endswith("array") else ""
        return self.parameter("m", plates, learned=choice.startswith("learned"))

    def linear(self, learned: bool = True) -> str:
        self.parameter("W", "d h", learned=learned)
        return 'w.sum("h", W * w.z_h)'

    def decoder_location(self, choice: str) -> str:
        if choice.startswith("linear"):
            mean = self.linear(choice != "linear_fixed")
            return mean + (" + " + self.parameter("b", "d") if choice == "linear_bias" else "")
        if choice.startswith("last_layer"):
            self.network("f", "k", "w.z")
            self.parameter("A", "d k")
            bias = "" if choice.endswith("no_bias") else " + " + self.parameter("b", "d")
            return f'w.sum("k", A * f){bias}'
        if choice == "network_of_linear":
            self.parameter("W", "k h")
            return self.network("mu", "d", 'w.vector("k", w.sum("h", W * w.z_h))')
        return self.network("mu", "d", "w.z", learned=choice != "frozen")

    def encoder_location(self, choice: str) -> str:
        if choice == "zero":
            return "0"
        if choice in ("network", "frozen"):
            return self.network("nu", "h", "w.x_n", learned=choice == "network")
        if choice == "network_of_linear":
            self.parameter("V", "k d")
            return self.network("nu", "h", 'w.vector("k", w.sum("d", V * w.x_nd))')
        if choice == "tied" and self.learned.get("W") == "d h":
            return 'w.sum("d", W * w.x_nd)'
        learned = choice != "linear_fixed"
        if choice == "last_layer":
            self.network("g", "j", "w.x_n")
            self.parameter("V", "h j")
            mean = 'w.sum("j", V * g)'
        else:
            self.parameter("V", "h d", learned=learned)
            mean = 'w.sum("d", V * w.x_nd)'
        if choice in ("linear_no_bias", "tied"):
            return mean
        return f"{mean} + " + self.parameter(
            "c", "h", learned=learned and choice != "linear_fixed_offset"
        )

    def scale(self, role: str, choice: str) -> str:
        """A positive formula, at the factor's own index."""
        name, initial = SCALE[role], role[0]
        if choice in ("one", "number"):
            return "1" if choice == "one" else "sp.Rational(5, 2)"
        if choice.startswith("shared"):
            return self.shared(role, choice)
        if "network" in choice or choice == "frozen":
            return self.scale_network(role, choice)
        if choice in ("exp_last_layer", "exp_linear"):
            inner = {"exp_last_layer": "last_layer", "exp_linear": "linear_bias"}[choice]
            return f"sp.exp({self.decoder_location(inner)})"
        if choice in ("exp", "softplus", "softplus_sum", "exp_abs", "exp_tanh"):
            t = self.parameter(f"t_{initial}")
            if choice == "softplus_sum":
                t += " + " + self.parameter(f"k_{initial}", learned=False)
            inner = {"exp_abs": f"sp.Abs({t})", "exp_tanh": f"sp.tanh({t})"}.get(choice, t)
            return f"{'sp.exp' if choice.startswith('exp') else 'Softplus'}({inner})"
        s = self.parameter(
            name,
            INDEX[role] if choice in ("each", "fixed_each", "plus_known") else "",
            "positive",
            learned=not choice.startswith("fixed"),
        )
        return self.headed(role, choice, s)

    def headed(self, role: str, choice: str, s: str) -> str:
        def other(learned: bool, plates: str = "") -> str:
            name = f"{'r' if learned else 'k'}_{role[0]}"
            return self.parameter(name, plates, "positive", learned=learned)

        return {
            "square": lambda: f"{s}**2",
            "root": lambda: f"sp.sqrt({s})",
            "power": lambda: f"{s}**sp.Rational(17, 10)",
            "inverse": lambda: f"1 / {s}",
            "product": lambda: f"{s} * {other(True)}",
            "ratio": lambda: f"{s} / {other(True)}",
            "plus_known_each": lambda: f"{s} + {other(False, INDEX[role])}",
            "plus_known": lambda: f"{s} + {other(False, INDEX[role])}",
            "clamp": lambda: f"sp.Max({s}, {other(False)})",
            "inactive_clamp": lambda: f"sp.Max(1, sp.exp({s}))",
        }.get(choice, lambda: s)()

    def shared(self, role: str, choice: str) -> str:
        """The decoder's scale once more, if it has one of its own; else a scale of one's own."""
        if "sigma" not in self.learned or self.learned["sigma"]:
            return self.scale(role, "learned")
        if choice == "shared_product":
            return "sigma * " + self.parameter(f"r_{role[0]}", range_="positive")
        return {
            "shared": "sigma",
            "shared_square": "sigma**2",
            "shared_inverse": "1 / sigma",
            "shared_root": "sp.sqrt(sigma)",
        }[choice]

    def scale_network(self, role: str, choice: str) -> str:
        index, name = INDEX[role], "T" if role == "encoder" else "G"
        reads = "w.x_n" if role == "encoder" else "w.z"
        if choice in ("exp_network", "softplus_network"):
            net = self.network(name, index, reads)
            bias = self.parameter(f"u_{role[0]}", index)
            return f"{'sp.exp' if choice == 'exp_network' else 'Softplus'}({net} + {bias})"
        net = self.network(name, index, reads, "positive", choice != "frozen")
        if choice == "times_network":
            return f"{net} * " + self.parameter(SCALE[role], range_="positive")
        return net

    def objective(self, spec: Any) -> str:
        """The objective as an expression, or nothing for the ELBO."""
        parts = []
        if spec.beta != "none":
            beta = "sp.Rational(3, 2)"
            if spec.beta == "fixed":
                beta = self.parameter("beta", range_="positive", learned=False)
            parts.append(f"weight={beta}")
        name = self.penalised(spec.penalty)
        if name:
            decay = self.parameter("lam", range_="positive", learned=False)
            square = f"{name}**2"
            for i in reversed(self.learned[name].split()):
                square = f'w.sum("{i}", {square})'
            parts.append(f"penalty={decay} * {square} / 2")
        return f"Objective({', '.join(parts)})" if parts else ""

    def penalised(self, choice: str) -> str | None:
        names = {
            "none": (),
            "decay": ("W", "A", "V", "b"),
            "scale": ("sigma", "t_d", "u_d"),
            "prior_scale": ("alpha", "t_p", "sigma"),
        }[choice]
        return next((name for name in names if name in self.learned), None)

    def constrain(self, spec: Any) -> None:
        """A side condition on something that is there."""
        names = {
            "none": (),
            "weights": ("W", "A"),
            "scale": ("sigma", "alpha"),
            "network": tuple(self.networks),
        }[spec.constraint]
        for name in names:
            if name in self.learned or name in self.networks:
                self._once(f'w.constrain("{name}", "it is bounded")')
                return
