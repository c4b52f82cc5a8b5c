// The worker: Python with SymPy and the package; it loads once and answers one text after another.

import { loadPyodide } from "./pyodide/pyodide.mjs";

// Stages that `answering.answer` names; a bar needs to know how many there are.
const STAGES = 8;
let python;

const act = {
  async load({ base }) {
    const tell = (stage, done) => postMessage({ kind: "loading", stage, done });
    tell("Python", 0.05);
    const libraries = fetch(`${base}packages.zip`).then((response) => {
      if (!response.ok) throw new Error(`packages.zip: ${response.status}`);
      return response.arrayBuffer();
    });
    python = await loadPyodide({ indexURL: `${base}pyodide/` });
    tell("SymPy", 0.5);
    python.unpackArchive(await libraries, "zip", { extractDir: "/packages" });
    tell("entropysym", 0.75);
    python.runPython("import sys; sys.path.insert(0, '/packages')\nfrom answering import answer");
    postMessage({ kind: "ready" });
  },
  answer({ text }) {
    let stages = 0;
    const progress = (stage) => postMessage({ kind: "stage", stage, done: ++stages / STAGES });
    const answer = python.globals.get("answer");
    const found = answer(text, progress);
    postMessage({ kind: "answered", answer: found.toJs({ dict_converter: Object.fromEntries }) });
    found.destroy();
  },
};

onmessage = async ({ data }) => {
  try {
    await act[data.kind](data);
  } catch (error) {
    postMessage({ kind: "lost", message: String(error.message ?? error).trim().split("\n").at(-1) });
  }
};
