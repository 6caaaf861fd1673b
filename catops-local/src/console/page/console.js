// The page: the conversation, the command line, the lists beside it, and the connection.

const $ = (id) => document.getElementById(id);
const KEEP = 300; // turns on the page; older ones are taken off
const turns = new Map();
const history = [];
let commands = [];
const posts = new Map(); // messages by their names
const waits = new Map(); // jobs that somebody waits for, with what says so
/** Names this window: a form opens where it was asked for. */
const WINDOW = random();

function random() {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const ask = (path, body) =>
  fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ window: WINDOW, who: $("who").value, ...body }) });

/** Offers whom to speak as; with nobody else here there is nothing to choose. */
function meet(people) {
  HERE.users = people.map(({ id, name }) => [name, id]);
  const chosen = $("who").value;
  $("who").replaceChildren(...HERE.users.map(([name, id]) => el("option", { value: id }, name)));
  if (people.some(({ id }) => id === chosen)) $("who").value = chosen;
  $("who").hidden = people.length < 2;
}

const chosen = () => HERE.users.find(([, id]) => id === $("who").value)?.[0] ?? "you";
const face = (name) => el("div.face", { "aria-hidden": "true" }, name[0].toUpperCase());

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

/** Adds what is said to the log: a line with everything that came of it, or a message. */
function append(key, turn) {
  turns.set(key, turn);
  $("hello").hidden = true;
  $("log").append(turn.node);
  if (turns.size > KEEP) drop(turns.keys().next().value);
}

/** One thing that was typed and everything that came of it. */
function turnOf(key, text, at, from = chosen()) {
  let turn = turns.get(key);
  if (turn) return turn;
  const ack = el("p.ack", {}, "sending …");
  const replies = el("div");
  const waiting = el("p.waiting", { hidden: "" }, "CatOps is working on it");
  const you = el("div.post", {}, face(from),
    el("div", {}, el("div.by", {}, el("b", {}, from), clock(at)), el("p.typed", {}, text), ack));
  turn = { key, text, from, ack, replies, waiting, answered: false, job: null, node: el("li.turn", {}, you, replies, waiting) };
  if (history.at(-1) !== text) history.push(text);
  append(key, turn);
  return turn;
}

function drop(key) {
  turns.get(key)?.node.remove();
  turns.delete(key);
  for (const [ts, post] of posts) if (!post.node.isConnected) posts.delete(ts);
}

/** Shows a message where it belongs, or what it says now if it is there already. */
function arrived(data) {
  const known = posts.get(data.ts);
  if (known) return fill(known, data.message);
  const post = postOf(data);
  const parent = posts.get(data.thread);
  const turn = turns.get(data.turn);
  posts.set(data.ts, post);
  fill(post, data.message);
  if (parent) parent.thread.append(el("li", {}, post.node));
  else if (turn) {
    turn.replies.append(post.node);
    turn.answered = true;
    turn.waiting.hidden = true;
  } else append(data.ts, { key: data.ts, node: el("li.turn", {}, post.node) });
}

function postOf({ ts, at, thread, only, from }) {
  const by = el("div.by", {}, el("b", {}, from ?? "CatOps"), clock(at), only ? el("i", {}, `only visible to ${only}`) : null);
  const post = { ts, body: el("div.body"), thread: el("ol.thread", { "aria-label": "Thread" }), working: el("div") };
  const tools = only || thread ? null : el("p.tools", {}, tool("Reply in thread", () => replyForm(post, tools)), tool("Run on this", () => shortcut(post)));
  post.node = el(`div.post${from ? "" : ".bot"}${only ? ".only-you" : ""}`, { tabindex: "-1" },
    from ? face(from) : el("div.face", { "aria-hidden": "true" }, cat()), el("div", {}, by, post.body, post.working, tools, post.thread));
  return post;
}

function tool(label, run) {
  const button = el("button", { type: "button" }, label);
  button.onclick = run;
  return button;
}

/** Puts content into a post. Whoever had the focus on a part that went keeps it on the post. */
function fill(post, message) {
  const held = post.body.contains(document.activeElement);
  post.body.replaceChildren(...content(message, (names, button) => press(post, names, button)));
  if (held) (post.body.querySelector("button") ?? post.node).focus();
}

/** Sends what was done, and says under the post what is wrong, or that the bot is at it. */
async function act(post, path, body) {
  const say = (why) => post.working.replaceChildren(el("p.wrong", { role: "alert" }, why));
  post.working.replaceChildren();
  try {
    const answer = await ask(path, body);
    if (!answer.ok) return say(await answer.text());
    const { job } = await answer.json();
    if (job) waitFor(job, post.working);
    return true;
  } catch {
    say("Not sent: the bot cannot be reached.");
  }
}

function waitFor(job, place) {
  const waiting = el("p.waiting", {}, "CatOps is working on it");
  place.append(waiting);
  waits.set(job, waiting);
  settle();
}

async function press(post, names, button) {
  if (button.ariaBusy === "true") return;
  button.ariaBusy = "true";
  await act(post, "/console/press", { message: post.ts, ...names });
  button.ariaBusy = "false";
}

const shortcut = (post) => act(post, "/console/shortcut", { message: post.ts });

/** Opens a line under a message, for what is said to the bot in its thread. */
function replyForm(post, tools) {
  const input = el("input", { type: "text", "aria-label": "Reply in thread: a command for CatOps", maxlength: "3000", autocapitalize: "off", spellcheck: "false", placeholder: "@catops …" });
  const reply = el("form.line.reply", { autocomplete: "off" }, input, el("button", { type: "submit" }, "Reply"));
  const close = () => { reply.replaceWith(tools); tools.firstChild.focus(); };
  reply.onsubmit = async (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (text && await act(post, "/console/send", { text, thread: post.ts })) input.value = "";
  };
  reply.onkeydown = (event) => { if (event.key === "Escape") close(); };
  tools.replaceWith(reply);
  input.focus();
}

function acknowledged(turn, { status, shown, said, job }) {
  turn.job = job;
  turn.ack.className = "ack";
  if (status !== 200) return failed(turn, `The bot refused this (status ${status}).`);
  // Without a job and without a word, a form is the answer.
  const seen = said || job ? `Only visible to ${turn.from}` : "A form asks for the rest";
  turn.ack.replaceChildren(shown ? "Your words are shown to the channel" : seen, ...(job ? [" · job ", el("code", {}, job)] : []));
  if (!turn.answered) turn.waiting.hidden = !job;
  settle();
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
  const key = random();
  let turn;
  keepingPlace(() => { turn = turnOf(key, text, Date.now()); }, true);
  try {
    const answer = await ask("/console/send", { text, key });
    // What the bot said arrives as an event, here and in every other window.
    if (!answer.ok) failed(turn, (await answer.text()) || `The bot refused this (status ${answer.status}).`);
  } catch {
    failed(turn, "Not sent: the bot cannot be reached.");
  }
}

// --- The command line.

const line = $("line");
const list = listbox(line, $("choices"), ({ insert }) => { line.value = insert; line.focus(); complete(); });
let recalled = -1;

/** Shows what may come next: what the page knows at once, and what the bot knows a moment later. */
function complete() {
  const { entries, ask: question, before } = completions(commands, line.value);
  list.show(entries);
  if (question) values(question, before, entries);
  else values.cancel();
}

const values = latest(async (question) => {
  const answer = await ask("/console/complete", question);
  return answer.ok ? answer.json() : null;
}, ({ words }, question, before, entries) => {
  const known = answered(words.filter((word) => word !== question.typed), before);
  if (known.length && document.activeElement === line) list.show([...known, ...entries.filter((entry) => !entry.hint)]);
});

function hide() {
  values.cancel();
  list.show([]);
}

/** Puts an earlier line back; past the newest one the line is empty again. */
function recall(by) {
  const at = (recalled < 0 ? history.length : recalled) + by;
  if (at < 0) return;
  recalled = at < history.length ? at : -1;
  line.value = recalled < 0 ? "" : history[recalled].replace(/^\/meow ?/, "");
  hide();
}

line.oninput = () => {
  recalled = -1;
  const pasted = line.value.replace(/^\s*\/meow(\s+|$)/, "");
  if (pasted !== line.value) line.value = pasted;
  if (line.selectionStart === line.value.length) complete();
  else hide();
};
line.onkeydown = (event) => {
  const arrow = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.isComposing) return;
  if (arrow && (!line.value || recalled >= 0) && history.length) recall(arrow);
  else if (arrow && list.any) list.step(arrow);
  else if (event.key === "ArrowDown" && line.value) complete();
  else if (event.key === "ArrowDown") list.show(byName(commands, "").map((command) => ({ insert: command.name + " ", label: command.name, about: command.summary })));
  else if (event.key === "Tab" && !event.shiftKey && list.any) list.take();
  else if (event.key === "Enter" && list.walked) list.take();
  else if (event.key === "Escape" && list.open) hide();
  else return;
  event.preventDefault();
};
$("composer").onsubmit = (event) => {
  event.preventDefault();
  send(line.value);
  line.value = "";
  recalled = -1;
  hide();
};
$("run").onclick = () => act({ working: $("said") }, "/console/shortcut", {});
$("who").onchange = () => { hide(); loadCommands(); line.focus(); };
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
    insert.onclick = () => { if ($("side").classList.contains("open")) drawer(false); line.value = command.name + " "; line.focus(); complete(); };
    help.append(insert);
    return item;
  }));
  if (!commands.length) $("commands").append(el("li.none", {}, "No commands yet: put a file into plugins/."));
}

async function loadCommands() {
  const answer = await fetch(`/console/commands?who=${encodeURIComponent($("who").value)}`);
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
  settle();
}

/** Waits no more for the jobs that have ended. */
function settle() {
  const ended = new Set(jobs.rows.filter((row) => row.state === "done" || row.state === "dead").map((row) => row.id));
  for (const turn of turns.values()) if (ended.has(turn.job)) turn.waiting.hidden = true;
  for (const [job, waiting] of waits) if (ended.has(job)) { waiting.remove(); waits.delete(job); }
}

// --- The connection.

let boot = "";
const on = {
  hello(data) {
    // Told again by the same run, the page starts over; of another run, it keeps what was said, and waits no more.
    if (boot === data.boot && data.fresh) for (const key of [...turns.keys()]) drop(key);
    if (boot !== data.boot) {
      for (const turn of turns.values()) if (turn.waiting) turn.waiting.hidden = true;
      for (const waiting of waits.values()) waiting.remove();
      waits.clear();
    }
    boot = data.boot;
    meet(data.people);
    loadCommands();
  },
  sent(data) { turns.has(data.turn) || keepingPlace(() => adopt(data)); },
  ack(data) { const turn = turns.get(data.turn); if (turn) keepingPlace(() => acknowledged(turn, data)); },
  message(data) { keepingPlace(() => arrived(data)); },
  gone({ ts }) { posts.get(ts)?.node.remove(); posts.delete(ts); },
  view(data) { if (data.window === WINDOW) showView(data.view); },
  jobs(data) { jobs = data; skew = data.now - Date.now(); listJobs(); },
};

/** Gives the turn that this window began the server's name, or shows one that another window began. */
function adopt({ turn: name, key, text, at, from }) {
  const turn = turns.get(key) ?? turnOf(name, text, at, from);
  turns.delete(turn.key);
  turn.key = name;
  turns.set(name, turn);
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
