// node compile.mjs SOURCES.zip COMPILED.zip: modules as the bytecode of the very Python that will run them, so that a page need not compile them.

import { readFileSync, writeFileSync } from "node:fs";
import { loadPyodide } from "pyodide";

const [, , sources, compiled] = process.argv;
const python = await loadPyodide();
python.unpackArchive(new Uint8Array(readFileSync(sources)), "zip", { extractDir: "/sources" });
python.runPython(`
import compileall, os, pathlib, warnings, zipfile
from py_compile import PycInvalidationMode

warnings.simplefilter("ignore")  # what other libraries do
root = pathlib.Path("/sources")
complete = compileall.compile_dir(root, stripdir=root, legacy=True, quiet=2, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
assert complete, "a module cannot be compiled"
with zipfile.ZipFile("/compiled.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.suffix != ".py":
            archive.write(path, path.relative_to(root))
`);
writeFileSync(compiled, python.FS.readFile("/compiled.zip"));
