// Reads a diagram with Mermaid's own parser, and prints what it has understood as JSON.
//
// node diagram.mjs MODULES FILE, where MODULES has `mermaid`, and `jsdom` for what it wants of a browser.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, file] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { JSDOM } = require("jsdom");
globalThis.window = new JSDOM("").window;
globalThis.document = window.document;
const path = `${modules}/node_modules/mermaid/dist/mermaid.core.mjs`;
const { default: mermaid } = await import(pathToFileURL(path));

const text = readFileSync(file, "utf8");
await mermaid.parse(text);
const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
const entities = db.getEntities();
const names = new Map([...entities].map(([name, entity]) => [entity.id, name]));
const ties = db.getRelationships().map(({ entityA, entityB, roleA }) => [names.get(entityB), names.get(entityA), roleA]);
console.log(JSON.stringify({ entities: entities.size, ties }));
