// The console in a real browser, against a real bot.

import assert from "node:assert/strict";
import http from "node:http";
import { once } from "node:events";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { ask, startBot } from "./bot.mjs";
import { PHONE, closeBrowser, fits, focused, posted, say, shots, theBrowser, type, values, withPage } from "./page.mjs";

after(closeBrowser);

describe("with the plugins that ship", () => {
  let bot;
  before(async () => { bot = await startBot("catops"); });
  after(() => bot?.stop());

  test("a line is acknowledged and answered, and its job ends", () => withPage(bot, {}, async (page) => {
    const turn = await type(page, "ping");
    const ack = await turn.locator(".ack").textContent();
    assert.match(ack, /shown to the channel · job [0-9a-z]{16}/);
    const job = await turn.locator(".ack code").textContent();
    await page.locator(`#jobs li[data-id="${job}"] .state.done`).waitFor();
    assert.equal(await page.locator(`#jobs li[data-id="${job}"] b`).textContent(), "ping");
    assert.match((await values(page, "#counts div")).join(" "), /done[1-9]/);
    assert.equal(await turn.locator(".waiting").isVisible(), false);
  }));

  test("a reload shows what was said", () => withPage(bot, {}, async (page) => {
    const said = await (await type(page, "ping")).locator(".body").textContent();
    const turns = await page.locator(".turn").count();
    await page.reload();
    await page.locator(".turn").nth(turns - 1).locator(".body").waitFor();
    assert.equal(await page.locator(".turn").count(), turns);
    assert.equal(await page.locator(".turn").last().locator(".body").textContent(), said);
  }));

  test("help is answered to the asker alone", () => withPage(bot, {}, async (page) => {
    const turn = await type(page, "help");
    await turn.locator(".only-you .by i", { hasText: "only visible to you" }).waitFor();
    assert.match(await turn.locator("pre").textContent(), /ping/);
    assert.equal(await turn.locator(".waiting").isVisible(), false);
  }));

  test("a name is completed by keyboard", () => withPage(bot, {}, async (page) => {
    const line = page.locator("#line");
    await line.pressSequentially("pi");
    const option = page.locator("#choices [role=option]", { hasText: "ping" });
    await option.waitFor();
    assert.equal(await line.getAttribute("aria-expanded"), "true");
    await line.press("ArrowDown");
    assert.equal(await line.getAttribute("aria-activedescendant"), await option.getAttribute("id"));
    assert.equal(await option.getAttribute("aria-selected"), "true");
    await line.press("Enter");
    assert.equal(await line.inputValue(), "ping ");
    await line.fill("");
    await line.pressSequentially("loc");
    await page.locator("#choices [role=option]").first().waitFor();
    await line.press("Tab");
    assert.equal(await line.inputValue(), "lock ");
    await line.pressSequentially("--f");
    await page.locator("#choices [role=option]", { hasText: "--for" }).waitFor();
    await line.press("Escape");
    assert.equal(await page.locator("#choices").isVisible(), false);
  }));

  test("a click on a command shows its help and types it", () => withPage(bot, {}, async (page) => {
    const lock = page.locator("#commands li", { has: page.locator("b", { hasText: /^lock$/ }) });
    await lock.locator("> button").click();
    await lock.locator(".help pre", { hasText: "Usage: /meow lock [OPTIONS] <name>" }).waitFor();
    assert.equal(await page.locator("#line").inputValue(), "lock ");
    await lock.locator("> button").click();
    assert.equal(await lock.locator(".help").isVisible(), false);
  }));

  test("everything works by keyboard", () => withPage(bot, {}, async (page) => {
    assert.equal(await focused(page), "line");
    await page.keyboard.type("lock keys --for 1h");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Enter");
    const unlock = posted(page, "holds keys").getByRole("button", { name: "Unlock", exact: true });
    await unlock.waitFor();
    for (let press = 0; (await focused(page)) !== "Unlock"; press++) {
      assert.ok(press < 30, "the button is within reach");
      await page.keyboard.press("Shift+Tab");
    }
    const outline = await unlock.evaluate((button) => getComputedStyle(button).outlineStyle);
    assert.equal(outline, "solid");
    await page.keyboard.press("Enter");
    await posted(page, "unlock keys").waitFor();
    await page.locator("#line").focus();
    await page.keyboard.press("ArrowUp");
    assert.equal(await page.locator("#line").inputValue(), "lock keys --for 1h");
  }));

  test("a phone has no need to scroll sideways", () => withPage(bot, { viewport: PHONE, isMobile: true, hasTouch: true }, async (page) => {
    await type(page, "help");
    await type(page, "lock phone --for 2h because the long words of this reason have to be wrapped somewhere");
    assert.ok(await fits(page));
    await page.screenshot({ path: path.join(shots, "console-phone.png") });
    await page.getByRole("button", { name: /^Commands, jobs/ }).click();
    await page.locator("#commands li").first().waitFor();
    assert.ok(await fits(page));
    await page.screenshot({ path: path.join(shots, "console-phone-commands.png") });
    await page.keyboard.press("Escape");
    await page.locator("#commands li").first().waitFor({ state: "hidden" });
  }));

  test("a bot that went away is waited for", () => withPage(bot, {}, async (page, complaints) => {
    await bot.stop();
    await page.locator("#link.down").waitFor();
    await page.locator("#line").fill("ping");
    await page.locator("#line").press("Enter");
    const again = page.getByRole("button", { name: "Try again" });
    await again.waitFor();
    bot = await startBot("catops", { port: bot.port });
    await page.locator("#link.up").waitFor();
    await again.click();
    await page.locator(".turn").last().locator(".bot .body").waitFor();
    // A refused connection is logged by the browser itself.
    assert.ok(complaints.splice(0).every((text) => /ERR_|Failed to load/.test(text)));
  }));
});

describe("with commands made for it", () => {
  let bot;
  before(async () => { bot = await startBot("probes"); });
  after(() => bot?.stop());

  test("progress edits one message", () => withPage(bot, {}, async (page) => {
    await page.evaluate(() => {
      window.seen = [];
      const look = () => window.seen.push([...document.querySelectorAll(".post.bot .body")].map((body) => body.textContent));
      new MutationObserver(look).observe(document.getElementById("log"), { childList: true, subtree: true });
    });
    await say(page, "steps");
    await posted(page, "all steps taken").waitFor();
    const seen = (await page.evaluate(() => window.seen)).filter((bodies) => bodies.some(Boolean));
    assert.ok(seen.every((bodies) => bodies.length === 1), JSON.stringify(seen));
    assert.match(seen[0][0], /▰?▱+ 1\/20 stepping/);
  }));

  test("choices are completed", () => withPage(bot, {}, async (page) => {
    await page.locator("#line").pressSequentially("typed ");
    await page.locator("#choices [role=option]", { hasText: "eu-west" }).waitFor();
    await page.locator("#line").press("ArrowDown");
    await page.locator("#line").press("Enter");
    assert.equal(await page.locator("#line").inputValue(), "typed eu-west ");
    await page.locator("#choices [role=option]", { hasText: "--count" }).waitFor();
  }));

  test("what a reply says stays text", () => withPage(bot, {}, async (page) => {
    const evil = "<script>window.evil=1</script> <img src=x onerror=window.evil=1> <javascript:alert(1)|x> &amp;lt;b&gt;";
    const turn = await type(page, `say hello ${evil}`);
    assert.equal(await turn.locator(".body").textContent(), `you said: ${evil}`);
    assert.equal(await turn.locator("script, img, a").count(), 0);
    assert.equal(await page.evaluate(() => window.evil), undefined);
  }));

  // The picture of `show` is on a host that need not be there.
  test("every part of a reply is shown", () => withPage(bot, {}, async (page, complaints) => {
    await page.route("https://**", (route) => route.abort());
    const turn = await type(page, "show");
    assert.equal(await turn.locator("strong").first().textContent(), "Everything");
    assert.equal(await turn.locator(".fields > div").count(), 2);
    const [left, right] = await turn.locator(".fields > div").all();
    assert.equal((await left.boundingBox()).y, (await right.boundingBox()).y);
    assert.match((await turn.locator("pre").allTextContents()).join("\n"), /us-east\s+12[^]*uptime/);
    await turn.locator(".body", { hasText: "A cat asleep on a keyboard" }).waitFor();
    await turn.getByRole("button", { name: "Say hello" }).click();
    await posted(page, "you said: there").waitFor();
    assert.ok(complaints.splice(0).every((text) => /Failed to load/.test(text)));
  }));

  for (const colorScheme of ["light", "dark"]) {
    test(`it can be read in ${colorScheme}`, () => withPage(bot, { colorScheme }, async (page, complaints) => {
      await page.route("https://**", (route) => route.abort());
      await type(page, "show");
      await type(page, "typed eu-west --count 3");
      await page.locator("#line").pressSequentially("w");
      await page.locator("#choices [role=option]").first().waitFor();
      const lightness = (of) => page.evaluate((name) => {
        const color = getComputedStyle(document.body)[name].match(/[\d.]+/g).map(Number);
        return (color[0] + color[1] + color[2]) / 765;
      }, of);
      const [paper, ink] = [await lightness("backgroundColor"), await lightness("color")];
      assert.ok(colorScheme === "light" ? paper > 0.9 && ink < 0.3 : paper < 0.2 && ink > 0.8, `${paper} ${ink}`);
      await page.screenshot({ path: path.join(shots, `console-${colorScheme}.png`) });
      complaints.length = 0; // the picture
    }));
  }
});

describe("who may use it", () => {
  let bot;
  before(async () => { bot = await startBot("catops"); });
  after(() => bot?.stop());

  const json = { "content-type": "application/json" };
  const body = JSON.stringify({ text: "/meow ping" });

  test("a name that was pointed here gets nothing", async () => {
    for (const route of ["/", "/console.js", "/console/events", "/console/commands"]) {
      assert.equal((await ask(bot, "GET", route, { host: `evil.example:${bot.port}` })).status, 403, route);
    }
    const sent = await ask(bot, "POST", "/console/send", { ...json, host: "evil.example" }, body);
    assert.equal(sent.status, 403);
    assert.equal((await ask(bot, "GET", "/", { host: `localhost:${bot.port}` })).status, 200);
  });

  test("another site can send nothing", async () => {
    const other = http.createServer((_, answer) => answer.setHeader("content-type", "text/html").end("<!doctype html>")).listen(0, "127.0.0.1");
    await once(other, "listening");
    const context = await (await theBrowser()).newContext();
    try {
      const page = await context.newPage();
      await page.goto(`http://127.0.0.1:${other.address().port}/`);
      for (const [mode, type] of [["no-cors", "text/plain"], ["cors", "application/json"]]) {
        const refused = await page.evaluate(([url, mode, type, body]) =>
          fetch(url, { method: "POST", mode, body, headers: { "content-type": type } }).then(() => false, () => true),
          [`${bot.url}/console/send`, mode, type, body]);
        assert.ok(refused, mode);
      }
    } finally {
      await context.close();
      other.close();
    }
    const forged = { ...json, host: `127.0.0.1:${bot.port}`, origin: "http://127.0.0.1:1" };
    assert.equal((await ask(bot, "POST", "/console/send", forged, body)).status, 403);
    assert.equal((await ask(bot, "POST", "/console/send", { "content-type": "text/plain" }, body)).status, 415);
    const own = JSON.stringify({ text: "/meow ping mine" });
    assert.equal((await ask(bot, "POST", "/console/send", json, own)).status, 200);
    await withPage(bot, {}, async (page) => {
      await page.locator(".turn .bot .body").waitFor();
      assert.deepEqual(await values(page, ".typed"), ["/meow ping mine"]);
    });
  });

  test("a token opens it once and for all", async () => {
    const locked = await startBot("catops", { env: { CATOPS_CONSOLE_TOKEN: "a-long-token-for-this-test" } });
    try {
      const context = await (await theBrowser()).newContext();
      const page = await context.newPage();
      assert.equal((await page.goto(locked.url)).status(), 401);
      await page.getByText("needs its key").waitFor();
      assert.equal((await page.goto(`${locked.url}/?token=wrong`)).status(), 401);
      await page.goto(`${locked.url}/?token=a-long-token-for-this-test`);
      assert.equal(page.url(), `${locked.url}/`);
      await page.locator("#link.up").waitFor();
      await type(page, "ping");
      assert.equal(await page.evaluate(() => document.cookie), "");
      await context.close();
    } finally {
      await locked.stop();
    }
  });
});
