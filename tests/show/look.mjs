// Opens the pages of `show` in a browser, as people do, and says what is wrong with each.
//
// node look.mjs JOB, where JOB is JSON: {modules, browser, link, shots, pages: [{name, path, has, file?, status?}]}. Prints one
// JSON list of faults. `has` are texts that the page must show, or selectors after `css:`.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const job = JSON.parse(readFileSync(process.argv[2], "utf8"));
const require = createRequire(`${job.modules}/`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const faults = [];
const { origin } = new URL(job.link);
// The rules that people who test for accessibility begin with.
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const SIZES = { wide: { width: 1280, height: 900 }, narrow: { width: 400, height: 800 } };

const browser = await chromium.launch({ executablePath: job.browser, args: ["--no-sandbox"] });
const context = await browser.newContext({ viewport: SIZES.wide, reducedMotion: "reduce", bypassCSP: false });
const page = await context.newPage();

let current = "the link";
let expected;
const fault = (text) => faults.push(`${current}: ${text}`);
page.on("console", (message) => {
  // That a page is not there, the browser says as well.
  if (expected !== undefined && message.text().includes(`status of ${expected} `)) return;
  if (["error", "warning"].includes(message.type())) fault(`the console says ${message.text()}`);
});
page.on("pageerror", (error) => fault(`the script fails: ${error}`));
context.on("request", (request) => {
  if (new URL(request.url()).origin !== origin && !request.url().startsWith("file:")) fault(`it asks ${request.url()}`);
});
page.on("response", (response) => {
  if (response.status() >= 400 && response.status() !== expected) {
    fault(`${response.url()} answers ${response.status()}`);
  }
});

// Where the content of a page is wider than the window, a reader has to scroll it to and fro.
const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

const judge = async (name) => {
  // The policy of the page keeps scripts out, so the tool comes in through the debugger.
  await page.evaluate(axe);
  const result = await page.evaluate((rules) => window.axe.run(document, { runOnly: rules, resultTypes: ["violations"] }), RULES);
  for (const { id, help, nodes } of result.violations) {
    fault(`${name}: ${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")}`);
  }
};

await page.goto(job.link);
await page.waitForURL((url) => !url.search.includes("token"));
const home = page.url();

for (const { name, path, has, file, status } of job.pages) {
  expected = status;
  for (const theme of ["light", "dark"]) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      current = `${name} (${theme}, ${size})`;
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      await page.setViewportSize(viewport);
      await page.goto(file ?? new URL(path, home).href);
      for (const wanted of has) {
        const found = wanted.startsWith("css:") ? page.locator(wanted.slice(4)) : page.getByText(wanted);
        if (!(await found.first().isVisible().catch(() => false))) fault(`it does not show ${wanted}`);
      }
      const wider = await overflow();
      if (wider > 0) fault(`it is ${wider} pixels wider than the window`);
      // What is shown of a page is a screen; what is long, the whole of it.
      if (job.shots) await page.screenshot({ path: `${job.shots}/${name}-${theme}-${size}.png`, fullPage: job.full ?? false });
      await judge(size);
    }
  }
}

expected = undefined;

// By keys alone: the first stop skips to the content.
current = "keys";
await page.goto(home);
await page.keyboard.press("Tab");
const first = await page.evaluate(() => document.activeElement.textContent);
if (!first.includes("Skip")) fault(`the first stop is ${first}`);
await page.keyboard.press("Enter");
const target = await page.evaluate(() => document.activeElement.id);
if (target !== "main") fault(`skipping leads to ${target}`);

await browser.close();
console.log(JSON.stringify(faults));
