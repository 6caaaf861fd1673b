// The page: the conversation, the command line, the lists beside it, and the connection.

const $ = (id) => document.getElementById(id);
const KEEP = 300; // turns on the page; older ones are taken off
const turns = new Map();
const history = [];
let commands = [];

// --- The conversation.

const clock = (at) => el("time", { datetime: new Date(at).toISOString(), title: new Date(at).toLocaleString() },
  new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));

/** Does `change` and stays at the end if the reader was there. */
function keepingPlace(change, jump) {
  const box = $("scroll");
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 80;
  change();
  if (atEnd || jump) box.scrollTop = box.scrollHeight;
  else $("newer").hidden = false;
}

/** One thing that was typed and everything that came of it. */
function turnOf(key, text, at) {
  let turn = turns.get(key);
  if (turn) return turn;
  const ack = el("p.ack", {}, "sending …");
  const replies = el("div");
  const waiting = el("p.waiting", { hidden: "" }, "CatOps is working on it");
  const you = el("div.post", {}, el("div.face", { "aria-hidden": "true" }, "Y"),
    el("div", {}, el("div.by", {}, el("b", {}, "you"), clock(at)), el("p.typed", {}, text), ack));
  turn = { key, text, ack, replies, waiting, last: null, job: null, node: el("li.turn", {}, you, replies, waiting) };
  turns.set(key, turn);
  if (history.at(-1) !== text) history.push(text);
  $("hello").hidden = true;
  $("log").append(turn.node);
  if (turns.size > KEEP) drop(turns.keys().next().value);
  return turn;
}

function drop(key) {
  turns.get(key)?.node.remove();
  turns.delete(key);
}

/** Shows a message of the bot, in place of the one before if that is what it is for. */
function say(turn, message, at, replace) {
  const mine = message.response_type !== "in_channel";
  const by = el("div.by", {}, el("b", {}, "CatOps"), clock(at), mine ? el("i", {}, "only visible to you") : null);
  const body = el("div.body", {}, ...content(message, (line) => send(line)));
  const post = el(`div.post.bot${mine ? ".only-you" : ""}`, {}, el("div.face", { "aria-hidden": "true" }, cat()), el("div", {}, by, body));
  if (replace && turn.last) turn.last.replaceWith(post);
  else turn.replies.append(post);
  return post;
}

function arrived(turn, { message, at, replace }) {
  turn.last = say(turn, message, at, replace);
  turn.waiting.hidden = true;
}

function acknowledged(turn, { status, ack, job, at }) {
  turn.job = job;
  turn.ack.className = "ack";
  if (status !== 200) return failed(turn, `The bot refused this (status ${status}).`);
  const spoken = ack && (ack.text || ack.blocks?.length || ack.attachments?.length);
  const shown = ack?.response_type === "in_channel";
  turn.ack.replaceChildren(shown ? "Your words are shown to the channel" : "Only visible to you", ...(job ? [" · job ", el("code", {}, job)] : []));
  if (spoken) say(turn, ack, at, false);
  if (!turn.last) turn.waiting.hidden = !job;
}

function failed(turn, why) {
  const again = el("button", { type: "button" }, "Try again");
  again.onclick = () => {
    drop(turn.key);
    send(turn.text.replace(/^\/meow ?/, ""));
  };
  turn.ack.className = "ack wrong";
  turn.ack.replaceChildren(why, again);
}

async function send(line) {
  const text = `/meow ${line.trim().replace(/^\/meow(\s+|$)/, "")}`.trim();
  const key = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  let turn;
  keepingPlace(() => { turn = turnOf(key, text, Date.now()); }, true);
  try {
    const answer = await fetch("/console/send", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ text, key }) });
    // What the bot said arrives as an event, here and in every other window.
    if (!answer.ok) failed(turn, (await answer.text()) || `The bot refused this (status ${answer.status}).`);
  } catch {
    failed(turn, "Not sent: the bot cannot be reached.");
  }
}

// --- The command line.

const line = $("line");
const list = $("choices");
let shown = [];
let picked = -1;
let recalled = -1;

function choose(entries) {
  shown = entries.slice(0, 40);
  list.replaceChildren(...shown.map(({ insert, label, about }, index) => {
    const role = insert === undefined ? { role: "presentation" } : { role: "option", id: `choice-${index}`, "aria-selected": "false" };
    const item = el("li", role, el("b", {}, label), about ? el("span", {}, about) : null);
    if (insert !== undefined) item.onmousedown = (event) => { event.preventDefault(); accept(index); };
    return item;
  }));
  list.hidden = !shown.length;
  line.setAttribute("aria-expanded", String(shown.length > 0));
  pick(-1);
}

function pick(index) {
  list.children[picked]?.setAttribute("aria-selected", "false");
  picked = index;
  const item = list.children[index];
  if (!item) return line.removeAttribute("aria-activedescendant");
  item.setAttribute("aria-selected", "true");
  line.setAttribute("aria-activedescendant", item.id);
  item.scrollIntoView({ block: "nearest" });
}

function step(by) {
  const open = shown.map((entry, index) => (entry.insert === undefined ? -1 : index)).filter((index) => index >= 0);
  if (!open.length) return;
  const at = open.indexOf(picked);
  pick(at < 0 ? open.at(by > 0 ? 0 : -1) : open[(at + by + open.length) % open.length]);
}

function accept(index) {
  line.value = shown[index].insert;
  choose(completions(commands, line.value));
  line.focus();
}

/** Puts an earlier line back; past the newest one the line is empty again. */
function recall(by) {
  const at = (recalled < 0 ? history.length : recalled) + by;
  if (at < 0) return;
  recalled = at < history.length ? at : -1;
  line.value = recalled < 0 ? "" : history[recalled].replace(/^\/meow ?/, "");
  choose([]);
}

line.oninput = () => {
  recalled = -1;
  const pasted = line.value.replace(/^\s*\/meow(\s+|$)/, "");
  if (pasted !== line.value) line.value = pasted;
  choose(line.selectionStart === line.value.length ? completions(commands, line.value) : []);
};
line.onblur = () => choose([]);
line.onkeydown = (event) => {
  const first = shown.findIndex((entry) => entry.insert !== undefined);
  const arrow = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.isComposing) return;
  if (arrow && (!line.value || recalled >= 0) && history.length) recall(arrow);
  else if (arrow && first >= 0) step(arrow);
  else if (event.key === "ArrowDown") choose(line.value ? completions(commands, line.value) : byName(commands, "").map((command) => ({ insert: command.name + " ", label: command.name, about: command.summary })));
  else if (event.key === "Tab" && !event.shiftKey && first >= 0) accept(picked < 0 ? first : picked);
  else if (event.key === "Enter" && picked >= 0) accept(picked);
  else if (event.key === "Escape" && !list.hidden) choose([]);
  else return;
  event.preventDefault();
};
$("composer").onsubmit = (event) => {
  event.preventDefault();
  send(line.value || "help");
  line.value = "";
  recalled = -1;
  choose([]);
};
$("first").onclick = () => { send("ping"); line.focus(); };
$("newer").onclick = () => { $("scroll").scrollTop = $("scroll").scrollHeight; line.focus(); };
$("scroll").onscroll = ({ target }) => { if (target.scrollHeight - target.scrollTop - target.clientHeight < 80) $("newer").hidden = true; };

// --- Beside it: commands and jobs.

function drawer(open) {
  $("side").classList.toggle("open", open);
  $("shade").hidden = !open;
  $("open").setAttribute("aria-expanded", String(open));
  (open ? $("close") : $("open")).focus();
}
$("open").onclick = () => drawer(true);
$("close").onclick = $("shade").onclick = () => drawer(false);
document.addEventListener("keydown", (event) => { if (event.key === "Escape" && $("side").classList.contains("open")) drawer(false); });

function listCommands() {
  $("commands").replaceChildren(...commands.map((command) => {
    const button = el("button", { type: "button", "aria-expanded": "false" }, el("b", {}, command.name), el("span", {}, command.summary));
    const insert = el("button", { type: "button" }, "Type it");
    const help = el("div.help", { hidden: "" }, ...markdown(command.help));
    const item = el("li", {}, button, help);
    button.onclick = () => {
      const open = help.hidden;
      for (const other of $("commands").children) other.classList.remove("on"), (other.lastChild.hidden = true), other.firstChild.setAttribute("aria-expanded", "false");
      help.hidden = !open;
      item.classList.toggle("on", open);
      button.setAttribute("aria-expanded", String(open));
      if (!open) return;
      line.value = command.name + " ";
      recalled = -1;
    };
    insert.onclick = () => { if ($("side").classList.contains("open")) drawer(false); line.value = command.name + " "; line.focus(); choose(completions(commands, line.value)); };
    help.append(insert);
    return item;
  }));
  if (!commands.length) $("commands").append(el("li.none", {}, "No commands yet: put a file into plugins/."));
}

async function loadCommands() {
  const answer = await fetch("/console/commands");
  if (!answer.ok) return;
  commands = await answer.json();
  listCommands();
}

const STATES = ["queued", "running", "done", "dead"];
let jobs = { rows: [], counts: {} };
let skew = 0; // the bot's clock minus ours

function age(at) {
  const secs = Math.max(0, Math.round((Date.now() + skew - at) / 1000));
  if (secs < 5) return "just now";
  if (secs < 60) return `${secs} s ago`;
  if (secs < 3600) return `${Math.floor(secs / 60)} min ago`;
  return secs < 86400 ? `${Math.floor(secs / 3600)} h ago` : `${Math.floor(secs / 86400)} d ago`;
}

function listJobs() {
  const { rows, counts } = jobs;
  $("counts").replaceChildren(...STATES.map((state) => el("div", {}, el("dt", {}, state), el(`dd.${state}`, {}, String(counts[state] ?? 0)))));
  const busy = (counts.queued ?? 0) + (counts.running ?? 0);
  $("open-count").textContent = String(busy);
  $("open-count").hidden = !busy;
  $("jobs").replaceChildren(...rows.map((row) => {
    const low = [age(row.updated), row.attempts > 1 ? `${row.attempts} attempts` : "", row.reason].filter(Boolean).join(" · ");
    return el("li", { "data-id": row.id }, el("div.top", {}, el("b", {}, row.label || "(no text)"), el(`span.state.${STATES.includes(row.state) ? row.state : "queued"}`, {}, row.state)),
      el("div.low", {}, el("code", {}, row.id), ` · ${low}`));
  }));
  if (!rows.length) $("jobs").append(el("li.none", {}, "Nothing has been asked yet."));
  const ended = new Set(rows.filter((row) => row.state === "done" || row.state === "dead").map((row) => row.id));
  for (const turn of turns.values()) if (ended.has(turn.job)) turn.waiting.hidden = true;
}

// --- The connection.

let boot = "";
const on = {
  hello(data) {
    // Told again by the same run, the page starts over; of another run, it keeps what was said, and waits no more.
    if (boot === data.boot && data.fresh) for (const key of [...turns.keys()]) drop(key);
    if (boot !== data.boot) for (const turn of turns.values()) turn.waiting.hidden = true;
    boot = data.boot;
    loadCommands();
  },
  sent(data) { turns.has(data.thread) || keepingPlace(() => adopt(data)); },
  ack(data) { const turn = turns.get(data.thread); if (turn) keepingPlace(() => acknowledged(turn, data)); },
  message(data) { const turn = turns.get(data.thread); if (turn) keepingPlace(() => arrived(turn, data)); },
  jobs(data) { jobs = data; skew = data.now - Date.now(); listJobs(); },
};

/** Gives the turn that this window began its thread's name, or shows one that another window began. */
function adopt({ thread, key, text, at }) {
  const turn = turns.get(key) ?? turnOf(thread, text, at);
  turns.delete(turn.key);
  turn.key = thread;
  turns.set(thread, turn);
}

function status(state, text) {
  if ($("link").textContent === text) return;
  $("link").className = state;
  $("link").textContent = text;
}

function connect() {
  const source = new EventSource("/console/events");
  source.onopen = () => status("up", "Connected");
  source.onerror = () => {
    status("down", "The bot is not there. Trying again …");
    // The browser itself tries again after a lost connection, but not after a refusal.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 2000);
  };
  for (const name of Object.keys(on)) source.addEventListener(name, (event) => on[name](JSON.parse(event.data)));
}

listJobs();
setInterval(listJobs, 10000);
connect();
if (matchMedia("(min-width: 56rem)").matches) line.focus();
