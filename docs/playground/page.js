// The page: an editor, a worker that answers, and what it answered.

import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { bracketMatching, HighlightStyle, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { EditorState, StateEffect, StateField } from "@codemirror/state";
import { Decoration, drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers, WidgetType } from "@codemirror/view";
import { tags } from "@lezer/highlight";

import { packed, unpacked } from "./links.js";

const at = (id) => document.getElementById(id);
const element = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

// --- The editor, with a mistake as one line below the line it belongs to ---------------------------------

class Mistake extends WidgetType {
  constructor(message) {
    super();
    this.message = message;
  }
  eq(other) {
    return other.message === this.message;
  }
  toDOM() {
    return element("div", { className: "mistake", textContent: this.message });
  }
}

const mistaken = StateEffect.define();
const mistakes = StateField.define({
  create: () => Decoration.none,
  update(shown, transaction) {
    const told = transaction.effects.find((effect) => effect.is(mistaken));
    if (!told) return transaction.docChanged ? Decoration.none : shown;
    if (!told.value) return Decoration.none;
    const line = transaction.state.doc.line(Math.min(told.value.line, transaction.state.doc.lines));
    return Decoration.set([
      Decoration.line({ class: "mistaken" }).range(line.from),
      Decoration.widget({ widget: new Mistake(told.value.message), block: true, side: 1 }).range(line.to),
    ]);
  },
  provide: (field) => EditorView.decorations.from(field),
});

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier], color: "var(--keyword)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--string)" },
  { tag: [tags.comment, tags.docString], color: "var(--quiet)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--number)" },
]);

const editor = new EditorView({
  parent: at("editor"),
  state: EditorState.create({
    extensions: [
      lineNumbers(),
      history(),
      drawSelection(),
      highlightActiveLine(),
      bracketMatching(),
      indentUnit.of("    "),
      python(),
      EditorView.lineWrapping,
      syntaxHighlighting(colours),
      mistakes,
      keymap.of([{ key: "Ctrl-Enter", mac: "Cmd-Enter", run: () => (derive(), true) }, ...defaultKeymap, ...historyKeymap]),
      EditorView.contentAttributes.of({ "aria-label": "The model, a Python program", spellcheck: "false", tabindex: "0" }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) say(at("mistake"), "");
      }),
    ],
  }),
});

const text = () => editor.state.doc.toString();

function write(model) {
  editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: model }, selection: { anchor: 0 } });
}

function point(error) {
  const line = editor.state.doc.line(Math.min(error.line, editor.state.doc.lines));
  editor.dispatch({ effects: mistaken.of(error), selection: { anchor: line.from }, scrollIntoView: true });
  editor.contentDOM.setAttribute("aria-invalid", "true");
  editor.focus();
  say(at("mistake"), `Line ${error.line}: ${error.message}`);
}

function unpoint() {
  editor.dispatch({ effects: mistaken.of(null) });
  editor.contentDOM.removeAttribute("aria-invalid");
  say(at("mistake"), "");
}

// --- The worker: what it says, and that it can be ended ---------------------------------------------------

// A worker made of a blob keeps to this page's policy: the text that it runs can reach no other site.
const script = URL.createObjectURL(
  new Blob([`import ${JSON.stringify(new URL("worker.js", document.baseURI).href)};`], { type: "text/javascript" }),
);
const LONG = 20; // seconds after which a derivation takes longer than those of the examples

let worker, ready, running, clock, why;

/** Load Python; `before` is why it is loaded once more. */
function start(before = "") {
  ready = false;
  why = before;
  say(at("status"), `${why}Loading …`);
  worker = new Worker(script, { type: "module" });
  worker.onmessage = ({ data }) => hear[data.kind](data);
  worker.onerror = (event) => lost(event.message || "the worker could not be loaded");
  worker.postMessage({ kind: "load", base: new URL(".", document.baseURI).href });
}

const hear = {
  loading({ stage, done }) {
    at("progress").value = done;
    if (!running) say(at("status"), `${why}Loading: ${stage} …`);
  },
  ready() {
    ready = true;
    if (running) return ask();
    at("progress").value = 0;
    say(at("status"), "Ready.");
  },
  stage({ stage, done }) {
    at("progress").value = done;
    say(at("status"), `${stage[0].toUpperCase()}${stage.slice(1)} …`);
  },
  answered({ answer }) {
    const seconds = ended();
    answer.error ? wrong(answer, seconds) : show(answer, seconds);
  },
  lost: ({ message }) => lost(message),
};

function derive() {
  if (running) return;
  unpoint();
  running = Date.now();
  at("derive").disabled = true;
  at("stop").disabled = false;
  at("answer").setAttribute("aria-busy", "true");
  clock = setInterval(() => {
    const seconds = Math.floor((Date.now() - running) / 1000);
    at("seconds").textContent = `${seconds} s${ready && seconds >= LONG ? ", longer than usual" : ""}`;
  }, 250);
  if (ready) ask();
  else say(at("status"), "Deriving as soon as everything is loaded …");
}

function ask() {
  at("progress").value = 0;
  worker.postMessage({ kind: "answer", text: text() });
}

function ended() {
  const seconds = ((Date.now() - running) / 1000).toFixed(1);
  clearInterval(clock);
  running = undefined;
  at("seconds").textContent = "";
  at("progress").value = 0;
  at("derive").disabled = false;
  at("stop").disabled = true;
  at("answer").removeAttribute("aria-busy");
  return seconds;
}

function again(message) {
  worker.terminate();
  if (running) ended();
  start(message);
}

function stop() {
  again("Stopped. ");
  at("derive").focus();
}

let losses = 0;
function lost(message) {
  losses += 1;
  console.error(message);
  if (losses < 3) return again(`Python ended unexpectedly (${message}). `);
  if (running) ended();
  at("derive").disabled = true;
  say(at("status"), `This page cannot run Python here: ${message}`);
}

// --- The answer --------------------------------------------------------------------------------------------

const WORDS = { proved: "Proved", refuted: "Refuted", undecided: "Not shown" };
const CHECKED = {
  proved: "The independent checker has replayed the derivation.",
  refuted: "The independent checker has replayed the witness: the claim is false for this model.",
  undecided: "That no derivation was found refutes nothing.",
};

function wrong({ error, printed }, seconds) {
  head("waiting", "No answer");
  at("answered").replaceChildren(
    element("p", { textContent: `The model cannot be read: line ${error.line}, ${error.message}` }),
    ...output(printed),
  );
  say(at("status"), `A mistake in line ${error.line}, after ${seconds} s.`);
  point(error);
}

function show(answer, seconds) {
  head(answer.verdict, `${WORDS[answer.verdict]}: ${answer.title}`);
  at("answered").replaceChildren(
    element("p", { className: "reason" }, `${sentence(answer.reason)} ${CHECKED[answer.verdict]}`),
    saving(answer),
    ...(answer.head.trim() ? [formulas("Why", answer.head)] : []),
    ...answer.sections.flatMap((section) => [heading(section.heading), formulas(section.heading, section.html)]),
    ...checked(answer),
    ...output(answer.printed),
  );
  say(at("status"), `${WORDS[answer.verdict]}, after ${seconds} s.`);
  at("answer").focus({ preventScroll: true });
  if (at("verdict").getBoundingClientRect().top > window.innerHeight / 2) at("verdict").scrollIntoView();
}

const sentence = (words) => `${words[0].toUpperCase()}${words.slice(1)}.`;
const heading = (words) => element("h3", { textContent: words });

function head(kind, words) {
  at("verdict").className = kind;
  at("verdict").textContent = words;
}

// The package's own HTML: Markdown in which HTML of a model's author is text.
function formulas(label, html) {
  return element("div", { className: "formulas", innerHTML: html, tabIndex: 0, role: "group", ariaLabel: label });
}

function checked(answer) {
  if (!answer.checked) return [];
  const statement = element("pre", { textContent: answer.checked, tabIndex: 0, ariaLabel: "The checker's statement" });
  return [element("details", {}, element("summary", { textContent: "The statement, as the checker reads it" }), statement)];
}

function output(printed) {
  if (!printed) return [];
  return [element("details", {}, element("summary", { textContent: "What the model printed" }), element("pre", { textContent: printed, tabIndex: 0 }))];
}

function saving(answer) {
  const forms = [
    ["LaTeX", answer.latex, "tex", "text/x-tex"],
    ["JSON", answer.json, "json", "application/json"],
    ["Coq", answer.coq, "v", "text/plain"],
  ].filter(([, content]) => content);
  const button = (words, act) => {
    const made = element("button", { type: "button", textContent: words });
    made.addEventListener("click", () => act(made));
    return made;
  };
  return element(
    "div",
    { className: "row" },
    ...forms.flatMap(([form, content, ending, type]) => [
      button(`Copy ${form}`, () => copy(form, content)),
      button(`Save ${form}`, () => save(content, `${answer.name}.${ending}`, type)),
    ]),
  );
}

async function copy(what, content) {
  try {
    await navigator.clipboard.writeText(content);
    say(at("status"), `${what} copied.`);
  } catch {
    say(at("status"), `The browser does not let this page copy; ${what === "The link" ? "it stands in the address bar" : "save it instead"}.`);
  }
}

function save(content, name, type) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
  say(at("status"), `Saved as ${name}.`);
}

function say(place, words) {
  if (place.textContent !== words) place.textContent = words;
}

// --- Examples and links ------------------------------------------------------------------------------------

async function gallery() {
  const groups = await (await fetch("examples.json")).json();
  for (const [label, examples] of Object.entries(groups)) {
    const options = examples.map(({ name, title }) => element("option", { value: name, textContent: title }));
    at("examples").append(element("optgroup", { label }, ...options));
  }
  const texts = Object.fromEntries(Object.values(groups).flat().map((example) => [example.name, example.text]));
  at("examples").addEventListener("change", ({ target }) => {
    if (!target.value) return;
    choose(texts, target.value);
    address("");
  });
  return texts;
}

function choose(texts, name) {
  at("examples").value = name;
  write(texts[name]);
  unpoint();
}

const address = (fragment) => window.history.replaceState(null, "", fragment || window.location.pathname);

async function fromLink(texts) {
  const found = await unpacked(window.location.hash);
  if (found !== undefined) {
    at("examples").value = "";
    write(found);
    unpoint();
  } else if (texts) {
    choose(texts, "vae");
    if (window.location.hash.length > 1) at("answered").textContent = "The link holds no model; this is the first example.";
  }
}

async function link() {
  address(await packed(text()));
  await copy("The link", window.location.href);
}

at("derive").addEventListener("click", derive);
at("stop").addEventListener("click", stop);
at("link").addEventListener("click", link);
window.addEventListener("hashchange", () => fromLink());
start();
gallery().then(fromLink);
