// What services make of a message: a card as Adaptive Cards' own library reads it, Markdown as a parser of it does, blocks
// as Slack's types say.
// `node messages.cjs SERVICE` reads the body from stdin, and prints what is seen, line by line.
const { readFileSync } = require("node:fs");
const { dirname, join } = require("node:path");

const body = JSON.parse(readFileSync(0, "utf8"));

function card() {
  const { AdaptiveCard, SerializationContext } = require("adaptivecards/dist/adaptivecards.js");
  const [{ contentType, content }] = body.attachments;
  const [read, context] = [new AdaptiveCard(), new SerializationContext()];
  read.parse(content, context);
  const faults = [...read.validateProperties().validationEvents];
  for (let at = 0; at < context.eventCount; at++) faults.push(context.getEventAt(at));
  if (contentType !== "application/vnd.microsoft.card.adaptive" || faults.length) throw new Error(JSON.stringify(faults));
  return read.toJSON().body.map(({ inlines }) => inlines.map(({ text }) => text).join(""));
}

function markdown() {
  const MarkdownIt = require("markdown-it");
  const [{ title, text }] = body.attachments;
  // An address that stands for itself leads to where it says.
  const blocks = [title, text].flatMap((text) => new MarkdownIt({ html: true, linkify: false }).parse(text, {}));
  return blocks.filter(({ type }) => !["paragraph_open", "paragraph_close"].includes(type)).map(({ type, children }) => {
    if (type !== "inline") throw new Error(type);
    return children.map(inlined).join("");
  });
}

function inlined({ type, content }) {
  if (type === "hardbreak") return "\n";
  if (type !== "text" && type !== "text_special") throw new Error(`${type} ${content}`);
  return content;
}

function blocks() {
  const ts = require("typescript");
  const file = join(dirname(require.resolve("@slack/types/package.json")), "message.ts");
  const text = `import type { KnownBlock } from "./";
    const message: { text: string; mrkdwn?: boolean; blocks: KnownBlock[] } = ${JSON.stringify(body)};`;
  const options = { noEmit: true, strict: true, types: [], moduleResolution: ts.ModuleResolutionKind.Node10 };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.getSourceFile = (name, version) =>
    name === file ? ts.createSourceFile(name, text, version) : getSourceFile.call(host, name, version);
  host.fileExists = (name) => name === file || fileExists.call(host, name);
  const faults = ts.getPreEmitDiagnostics(ts.createProgram([file], options, host));
  if (faults.length) throw new Error(faults.map(({ messageText }) => JSON.stringify(messageText)).join("\n"));
  return body.blocks.flatMap(({ text, elements = [] }) => [text, ...elements]).filter(Boolean).map(({ text }) => text);
}

console.log({ teams: card, mattermost: markdown, slack: blocks }[process.argv[2]]().join("\n"));
