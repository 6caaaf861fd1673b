// The console's page in a browser, and what is done on it.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { root, startBrowser } from "./bot.mjs";

export const shots = process.env.CATOPS_SCREENSHOTS ?? path.join(root, ".ci/out/screenshots");
export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 360, height: 740 };

let browser;

/** The one browser of a test file; `closeBrowser` ends it. */
export async function theBrowser() {
  await mkdir(shots, { recursive: true });
  browser ??= startBrowser();
  return browser;
}

export const closeBrowser = async () => (await browser)?.close();

/** Opens the console in a fresh window, and gives `use` the page. Whatever the page complains of fails the test. */
export async function withPage(bot, options, use) {
  const context = await (await theBrowser()).newContext({ viewport: DESKTOP, colorScheme: "light", reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  try {
    await page.goto(bot.url);
    await page.locator("#link.up").waitFor();
    await page.locator("#commands li").first().waitFor({ state: "attached" });
    await use(page, complaints);
    assert.deepEqual(complaints, []);
  } finally {
    await context.close();
  }
}

/** Types a line and sends it. */
export async function say(page, line) {
  await page.locator("#line").fill(line);
  await page.locator("#line").press("Enter");
}

/** Types a line and returns its turn once the bot has answered it. */
export async function type(page, line) {
  const before = await page.locator(".turn", { has: page.locator(".typed") }).count();
  await say(page, line);
  const turn = page.locator(".turn", { has: page.locator(".typed") }).nth(before);
  await turn.locator(".typed", { hasText: `/meow ${line}`.trim() }).waitFor();
  await turn.locator(".bot .body").waitFor();
  return turn;
}

/** The post of the bot's that says `text`. */
export const posted = (page, text) => page.locator(".post.bot", { has: page.locator(".body", { hasText: text }) }).last();

export const values = (page, selector) => page.locator(selector).allTextContents();

/** What has the focus, by its name. */
export const focused = (page) =>
  page.evaluate(() => document.activeElement.id || document.activeElement.getAttribute("aria-label") || document.activeElement.textContent);

/** Whether nothing has to be scrolled sideways. */
export const fits = (page) => page.evaluate(() => {
  const wide = (node) => node.scrollWidth > node.clientWidth;
  return document.documentElement.scrollWidth <= innerWidth && ![...document.querySelectorAll("#log, dialog, dialog .body")].some(wide);
});
