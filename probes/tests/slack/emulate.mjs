// emulate's Slack on loopback: emulate.mjs <its dist/api.js> <port> <seed>. It ends when its standard input does.

import net from "node:net";
import { pathToFileURL } from "node:url";

const [api, port, seed] = process.argv.slice(2);

// It names no host when it listens, which would open it to the network.
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (port) {
  return listen.call(this, port, "127.0.0.1", () => console.log("listening"));
};

const { createEmulator } = await import(pathToFileURL(api));
await createEmulator({
  service: "slack",
  port: Number(port),
  baseUrl: `http://127.0.0.1:${port}`,
  seed: { slack: JSON.parse(seed) },
});
process.stdin.on("end", () => process.exit()).resume();
