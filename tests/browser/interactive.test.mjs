// Buttons, forms, completion, threads and files in the console, against a real bot: all that a Slack would show.

import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { startBot } from "./bot.mjs";
import { PHONE, closeBrowser, fits, focused, posted, say, shots, type, values, withPage } from "./page.mjs";

after(closeBrowser);

const dialog = (page) => page.getByRole("dialog");
const field = (page, name) => dialog(page).getByLabel(name);

/** Says a line that opens a form, and waits for the form. */
async function open(page, line, title) {
  await say(page, line);
  await page.getByRole("dialog", { name: title }).waitFor();
}

describe("with the plugins that ship", () => {
  let bot;
  before(async () => { bot = await startBot("catops"); });
  after(() => bot?.stop());

  test("a button runs its command, and its message says who pressed", () => withPage(bot, {}, async (page) => {
    await type(page, "lock pressed --for 1h");
    const held = posted(page, "holds pressed");
    await held.getByRole("button", { name: "Unlock", exact: true }).dblclick();
    await posted(page, "unlock pressed").waitFor();
    await held.locator(".body", { hasText: /you.*Unlock|you pressed/ }).waitFor();
    assert.equal(await held.getByRole("button", { name: "Unlock", exact: true }).count(), 0);
    await page.locator("#jobs .state.done").first().waitFor();
    await page.locator("#jobs li b", { hasText: /^unlock/ }).first().waitFor();
    const jobs = await values(page, "#jobs li b");
    assert.equal(jobs.filter((label) => label.startsWith("unlock")).length, 1, `pressed twice, it runs once: ${jobs}`);
  }));

  test("the values of a parameter are completed in the line", () => withPage(bot, {}, async (page) => {
    await type(page, "lock typed-one --for 1h");
    await type(page, "lock typed-two --for 1h");
    const line = page.locator("#line");
    await line.pressSequentially("unlock typed-t");
    const option = page.locator("#choices [role=option]");
    await option.filter({ hasText: "typed-two" }).waitFor();
    assert.equal(await option.filter({ hasText: "typed-one" }).count(), 0);
    await line.press("Tab");
    assert.equal(await line.inputValue(), "unlock typed-two ");
  }));

  test("a form asks for what a line lacks, and completes it", () => withPage(bot, {}, async (page) => {
    await type(page, "lock modal-one --for 1h");
    await type(page, "lock modal-two --for 1h");
    await open(page, "unlock", /unlock/i);
    const name = dialog(page).getByRole("combobox").first();
    assert.ok(await name.evaluate((input) => input === document.activeElement), "the first field has the focus");
    await name.pressSequentially("modal-t");
    const option = dialog(page).getByRole("option", { name: "modal-two" });
    await option.waitFor();
    await dialog(page).getByRole("option", { name: "modal-one" }).waitFor({ state: "detached" });
    await name.press("ArrowDown");
    assert.equal(await option.getAttribute("aria-selected"), "true");
    assert.equal(await name.getAttribute("aria-activedescendant"), await option.getAttribute("id"));
    await page.screenshot({ path: path.join(shots, "console-form.png") });
    await name.press("Enter");
    assert.equal(await name.inputValue(), "modal-two");
    await name.press("Enter");
    await dialog(page).waitFor({ state: "detached" });
    await posted(page, "unlock modal-two").waitFor();
    assert.equal(await focused(page), "line");
  }));

  test("a command is chosen in a form", () => withPage(bot, {}, async (page) => {
    for (const start of [() => say(page, ""), () => page.getByRole("button", { name: /^Run a command/ }).click()]) {
      await start();
      const command = dialog(page).getByRole("combobox").first();
      await command.pressSequentially("unloc");
      await dialog(page).getByRole("option", { name: "unlock" }).waitFor();
      await command.press("Enter");
      await command.press("Enter");
      await page.getByRole("dialog", { name: /unlock/i }).waitFor();
      await page.getByRole("button", { name: "Cancel" }).click();
      await dialog(page).waitFor({ state: "detached" });
    }
  }));

  test("a reply in a thread is answered there", () => withPage(bot, {}, async (page) => {
    await type(page, "ping");
    const root = page.locator(".turn > div > .post.bot").last();
    await root.getByRole("button", { name: "Reply in thread" }).click();
    await root.getByRole("textbox", { name: /^Reply in thread/ }).fill("ping");
    await page.keyboard.press("Enter");
    const thread = root.getByRole("list", { name: "Thread" });
    await thread.locator(".post.bot .body").waitFor();
    assert.match((await values(page, ".thread .body"))[0], /@catops ping/);
    await page.reload();
    await page.locator(".thread .post.bot .body").first().waitFor();
    assert.equal(await page.locator(".thread .post").count(), 2);
  }));
});

describe("with commands made for it", () => {
  let bot;
  before(async () => { bot = await startBot("probes"); });
  after(() => bot?.stop());

  test("what is wrong stands beside its field until it is right", () => withPage(bot, {}, async (page) => {
    await open(page, "typed", /typed/i);
    await field(page, /zone/i).selectOption({ index: 1 });
    const count = field(page, /count/i);
    await count.fill("12");
    await count.press("Enter");
    const wrong = dialog(page).getByRole("alert").filter({ hasText: "number from 1 to 9" });
    await wrong.waitFor();
    assert.equal(await count.getAttribute("aria-invalid"), "true");
    assert.ok((await count.getAttribute("aria-describedby")).split(" ").includes(await wrong.getAttribute("id")));
    assert.ok(await count.evaluate((input) => input === document.activeElement), "the wrong field has the focus");
    await page.screenshot({ path: path.join(shots, "console-form-wrong.png") });
    await count.fill("3");
    await count.press("Enter");
    await dialog(page).waitFor({ state: "detached" });
    await posted(page, /EuWest 3 false/).waitFor();
  }));

  test("what must be filled in is asked for before it is sent", () => withPage(bot, {}, async (page) => {
    await open(page, "typed", /typed/i);
    await page.keyboard.press("Control+Enter");
    await dialog(page).getByRole("alert").filter({ hasText: "Please fill this in" }).first().waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
    await dialog(page).waitFor({ state: "detached" });
  }));

  test("the focus stays in a form, and comes back", () => withPage(bot, {}, async (page) => {
    await open(page, "typed", /typed/i);
    for (let press = 0; press < 12; press++) {
      await page.keyboard.press("Tab");
      assert.ok(await page.evaluate(() => document.activeElement === document.body || !!document.activeElement.closest("dialog")));
    }
    await page.keyboard.press("Escape");
    await dialog(page).waitFor({ state: "detached" });
    assert.equal(await focused(page), "line");
  }));

  test("a form fits a phone, light and dark", async () => {
    for (const colorScheme of ["light", "dark"]) {
      await withPage(bot, { viewport: PHONE, isMobile: true, hasTouch: true, colorScheme }, async (page) => {
        await open(page, "typed", /typed/i);
        assert.ok(await fits(page));
        await page.screenshot({ path: path.join(shots, `console-phone-form-${colorScheme}.png`) });
      });
    }
  });

  test("long output is a file that can be saved", () => withPage(bot, {}, async (page) => {
    await say(page, "flood");
    const link = page.locator(".file a").last();
    await link.waitFor();
    assert.match(await page.locator(".file pre").last().textContent(), /line 1 of a very long output/);
    const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
    const chunks = await (await download.createReadStream()).toArray();
    assert.match(Buffer.concat(chunks).toString(), /line 4000 of a very long output/);
  }));
});
