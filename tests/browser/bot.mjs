// A real bot on a free port with a folder of its own, and the browser that talks to it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

export const root = fileURLToPath(new URL("../..", import.meta.url));

const binaries = {
  catops: process.env.CATOPS_BIN ?? path.join(root, "target/debug/catops"),
  probes: process.env.CATOPS_PROBES_BIN ?? path.join(root, "target/debug/probes-local"),
};

async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Starts `catops` or `probes`; returns its address, and `stop`. */
export async function startBot(which, { port, env = {} } = {}) {
  const folder = await mkdtemp(path.join(tmpdir(), "catops-browser-"));
  port ??= await freePort();
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("CATOPS_"));
  const child = spawn(binaries[which], ["serve", "--addr", `127.0.0.1:${port}`], {
    cwd: folder,
    env: { ...Object.fromEntries(inherited), CATOPS_LOCAL_DIR: folder, CATOPS_PROBE_DIR: folder, ...env },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const failed = new Promise((_, reject) => child.once("error", reject));
  const bot = {
    port,
    url: `http://127.0.0.1:${port}`,
    async stop() {
      if (child.exitCode === null) {
        child.kill("SIGTERM");
        await once(child, "exit");
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
  await Promise.race([failed, answers(bot, child)]);
  return bot;
}

async function answers(bot, child) {
  for (const start = Date.now(); Date.now() - start < 20_000; await pause(50)) {
    if (child.exitCode !== null) throw new Error(`the bot ended with ${child.exitCode}`);
    const answer = await ask(bot, "GET", "/healthz").catch(() => null);
    if (answer?.status === 200) return;
  }
  throw new Error("the bot does not answer");
}

/** One plain HTTP request, with whatever headers; fetch would not send a `Host` of ours. */
export function ask(bot, method, route, headers = {}, body) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: "127.0.0.1", port: bot.port, method, path: route, headers }, async (answer) => {
      const chunks = await answer.toArray();
      resolve({ status: answer.statusCode, headers: answer.headers, text: Buffer.concat(chunks).toString() });
    });
    request.once("error", reject);
    request.end(body);
  });
}

/** Without these, Chromium looks for its maker's hosts at every start. */
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export const startBrowser = () =>
  chromium.launch({ executablePath: process.env.CATOPS_CHROMIUM ?? "/usr/bin/chromium", headless: true, args: FLAGS });
