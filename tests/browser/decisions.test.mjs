// What waits in the console until it is decided, and what every bot tells of what was done: between several people.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { ask, startBot } from "./bot.mjs";
import { PHONE, closeBrowser, fits, posted, say, shots, type, values, withPage } from "./page.mjs";

after(closeBrowser);

/** Ann may break the glass and look into the audit, bob alone may run `guarded`, by his address. */
const POLICY = `break-glass = ["keepers"]

[roles.keepers]
members = ["user:U-ann"]
allow = ["catops.audit"]

[roles.others]
members = ["bob@console.invalid"]
allow = ["ops.guarded"]
`;

const as = (page, name) => page.getByRole("combobox", { name: "Speak as" }).selectOption({ label: name });
const button = (post, name) => post.getByRole("button", { name, exact: true });
const told = (page, text) => page.locator(".only-you", { hasText: text }).last().waitFor();

/** The newest line of the latest history that has `text`. */
async function row(page, text) {
  const table = page.locator("pre", { hasText: "outcome" }).last();
  await table.filter({ hasText: text }).waitFor();
  return (await table.textContent()).split("\n").find((line) => line.includes(text)).trim();
}

/** What is offered while `text` is typed. */
async function offered(page, text) {
  const line = page.locator("#line");
  await line.fill("");
  await line.pressSequentially(text);
  return values(page, "#choices [role=option] b");
}

describe("what is decided on", () => {
  let bot, folder;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "catops-policy-"));
    await writeFile(path.join(folder, "catops.toml"), POLICY);
    bot = await startBot("probes", { env: { CATOPS_CONFIG: path.join(folder, "catops.toml") } });
  });
  after(async () => {
    await bot?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test("a plan is applied by its asker, once", () => withPage(bot, {}, async (page) => {
    await type(page, "replace v1");
    const plan = posted(page, "v1 takes the place of nothing");
    await button(plan, "Cancel").waitFor();
    const color = (name) => button(plan, name).evaluate((node) => getComputedStyle(node).backgroundColor);
    assert.notEqual(await color("Apply"), await color("Cancel"), "the one that runs it stands out");
    await page.screenshot({ path: path.join(shots, "console-plan.png") });
    await as(page, "ann");
    await button(plan, "Apply").click();
    await told(page, "for you to decide, who asked for it");
    assert.equal(await button(plan, "Apply").count(), 1, "what ann may not do changes nothing");
    await as(page, "you");
    await button(plan, "Apply").dblclick();
    const done = posted(page, "v1 took the place of nothing");
    await done.locator(".context", { hasText: "you ran replace v1" }).waitFor();
    await plan.locator(".context", { hasText: /you pressed Apply at \d{4}-\d\d-\d\d/ }).waitFor();
    assert.equal(await plan.locator(".actions").count(), 0);
    assert.equal(await page.locator(".body", { hasText: "v1 took the place" }).count(), 1, "pressed twice, it runs once");
  }));

  test("what was cancelled is not run", () => withPage(bot, {}, async (page) => {
    await type(page, "replace v2");
    const plan = posted(page, "v2 takes the place of v1");
    await button(plan, "Cancel").click();
    await plan.locator(".context", { hasText: "you pressed Cancel" }).waitFor();
    await say(page, "history replace");
    assert.match(await row(page, "replace v2"), /rejected/);
    assert.equal(await posted(page, "v2 took the place").count(), 0);
  }));

  test("a request is approved by somebody else", () => withPage(bot, {}, async (page) => {
    await type(page, "wipe sda");
    const request = posted(page, "you asked for wipe sda");
    await request.locator(".body", { hasText: "It takes the approval of somebody else" }).waitFor();
    await button(request, "Deny").waitFor();
    await page.screenshot({ path: path.join(shots, "console-approval.png") });
    await button(request, "Approve").click();
    await told(page, "You asked for this yourself");
    await as(page, "ann");
    await button(request, "Approve").click();
    const done = posted(page, "sda is empty");
    await done.locator(".context", { hasText: "you ran wipe sda, approved by ann" }).waitFor();
    await request.locator(".context", { hasText: "ann pressed Approve" }).waitFor();
    assert.equal(await request.locator(".actions").count(), 0);
  }));

  test("a request is denied", () => withPage(bot, { viewport: PHONE, isMobile: true, hasTouch: true }, async (page) => {
    await as(page, "ann");
    await type(page, "wipe sdb");
    const request = posted(page, "ann asked for wipe sdb");
    await button(request, "Deny").waitFor();
    assert.ok(await fits(page));
    await page.screenshot({ path: path.join(shots, "console-phone-approval.png") });
    await as(page, "bob");
    await button(request, "Deny").click();
    await request.locator(".context", { hasText: "bob pressed Deny" }).waitFor();
    assert.equal(await posted(page, "sdb is empty").count(), 0);
  }));

  test("the words that every bot knows are listed and completed", () => withPage(bot, {}, async (page) => {
    const listed = await values(page, "#commands b");
    for (const word of ["why", "history", "rerun", "break-glass", "audit"]) assert.ok(listed.includes(word), word);
    for (const [text, expected] of [
      ["hist", ["history"]],
      ["help br", ["break-glass"]],
      ["history since 2d rep", ["replace"]],
      ["audit ", ["verify", "since"]],
      ["why typed u", ["us-east"]],
      ['break-glass "there is a fire" wip', ["wipe"]],
    ]) assert.deepEqual(await offered(page, text), expected, text);
    await page.locator("#line").press("Tab");
    assert.equal(await page.locator("#line").inputValue(), 'break-glass "there is a fire" wipe ');
    await page.locator("#line").press("Escape");
  }));

  test("each is shown what they may run", () => withPage(bot, {}, async (page) => {
    const guarded = page.locator("#commands b", { hasText: /^guarded$/ });
    assert.equal(await guarded.count(), 0);
    await as(page, "bob");
    await guarded.waitFor();
    await as(page, "ann");
    await guarded.waitFor({ state: "detached" });
  }));

  test("the glass is broken, and what was done can be looked up and run again", () => withPage(bot, {}, async (page) => {
    await say(page, 'break-glass "the disk is on fire" wipe sdc');
    await told(page, "You may not break the glass");
    await told(page, "Somebody with the role keepers may");
    await as(page, "ann");
    await say(page, 'break-glass "the disk is on fire" wipe sdc');
    const done = posted(page, "sdc is empty");
    await done.locator(".body", { hasText: "the disk is on fire" }).waitFor();
    await page.screenshot({ path: path.join(shots, "console-glass.png") });
    await say(page, "why wipe sdd");
    await told(page, "You may run wipe sdd: it requires no permission. It takes the approval of somebody else");
    await say(page, "history wipe mine");
    const [job] = (await row(page, "wipe sdc")).match(/[0-9a-z]{16}$/);
    await say(page, `rerun ${job}`);
    await posted(page, "ann asked for wipe sdc").getByRole("button", { name: "Approve", exact: true }).waitFor();
    await say(page, "audit verify");
    await told(page, "The audit is whole");
    await as(page, "you");
    await say(page, "audit verify");
    await told(page, "You may not run audit verify");
  }));

  test("nobody speaks as somebody who is not here", async () => {
    const headers = { "content-type": "application/json" };
    const sent = await ask(bot, "POST", "/console/send", headers, JSON.stringify({ text: "/meow ping", who: "U-eve" }));
    assert.equal(sent.status, 400);
  });
});

test("where others can reach the console, there is one person", async () => {
  const env = { CATOPS_CONSOLE_TOKEN: "a-long-token-for-this-test" };
  const bot = await startBot("probes", { env });
  try {
    const shown = { ...bot, url: `${bot.url}/?token=${env.CATOPS_CONSOLE_TOKEN}` };
    await withPage(shown, {}, async (page) => {
      await type(page, "say hello there");
      assert.equal(await page.getByRole("combobox", { name: "Speak as" }).count(), 0);
    });
  } finally {
    await bot.stop();
  }
});
