// What may come next in a command line.

/** The command that `line` addresses, and what follows it. The longest name wins, so that `lock list` beats `lock`. */
function addressed(commands, line) {
  const fits = commands.filter((command) => line.startsWith(command.name + " ")).sort((a, b) => b.name.length - a.name.length);
  return fits.length ? { command: fits[0], rest: line.slice(fits[0].name.length + 1) } : null;
}

function byName(commands, start) {
  const at = (command) => command.name.toLowerCase().indexOf(start.toLowerCase());
  return commands.filter((command) => at(command) >= 0 && command.name !== start).sort((a, b) => (at(a) > 0) - (at(b) > 0));
}

/** Quotes a value that the command line would otherwise split. */
const quoted = (value) => (/[\s"']/.test(value) ? `"${value.replaceAll('"', '\\"')}"` : value);

/**
 * Entries `{ insert, label, about }` for the line up to the caret; `insert` replaces the whole line, and an entry with `hint` has
 * none. `ask` says what the bot can be asked besides, and `before` what stands before its answer.
 */
function completions(commands, line) {
  const asks = {};
  const entries = line.trim() ? choices(commands, line, asks) : [];
  return { entries, ...asks };
}

/** The words of the bot's answer, as entries. */
const answered = (words, before) => words.map((word) => ({ insert: `${before}${quoted(word)} `, label: word }));

/** What the bot's own words take, where that is not a line. */
const TAKES = { history: ["mine", "here", "since"], audit: ["verify", "since"] };

/** What may come next in a line that begins with one of the bot's own words. */
function ownWords(commands, { name }, rest, line, asks) {
  const lines = commands.filter((command) => !command.own);
  const within = /^(\s*)(.*)$/.exec(name === "break-glass" ? rest.replace(/^\s*(?:"[^"]*"|[^\s"]\S*)(?=\s)/, "") : rest)[2];
  if (name === "break-glass" && within === rest.trimStart()) return [{ hint: true, label: '"<reason>" <command>', about: "why it cannot wait for approval" }];
  if (name === "why" || name === "break-glass") {
    const before = line.slice(0, line.length - within.length);
    const entries = choices(lines, within, asks);
    if (asks.ask) asks.before = before + asks.before;
    return entries.map((entry) => (entry.hint ? entry : { ...entry, insert: before + entry.insert }));
  }
  if (name === "rerun") return rest.trim() ? [] : [{ hint: true, label: "<job>", about: "as history lists it" }];
  const current = rest.split(/\s+/).pop();
  const known = (TAKES[name] ?? []).filter((word) => word.startsWith(current) && word !== current).map((word) => ({ label: word }));
  const paths = name === "history" ? byName(lines, current).map((command) => ({ label: command.name, about: command.summary })) : [];
  return [...known, ...paths].map((entry) => ({ ...entry, insert: `${line.slice(0, line.length - current.length)}${entry.label} ` }));
}

function choices(commands, line, asks) {
  const help = /^help\s+(.*)$/.exec(line);
  if (help) return byName(commands, help[1]).map((command) => ({ insert: `help ${command.name}`, label: command.name, about: command.summary }));
  const found = addressed(commands, line);
  if (!found) return byName(commands, line).map((command) => ({ insert: command.name + " ", label: command.name, about: command.summary }));
  if (found.command.own) return ownWords(commands, found.command, found.rest, line, asks);
  return parameters(found.command, found.rest, line, asks);
}

function parameters({ name, params }, rest, line, asks) {
  const typed = rest.split(/\s+/);
  const current = typed.pop();
  const before = line.slice(0, line.length - current.length);
  const takesValue = (word) => params.find((param) => param.kind.startsWith("option") && word === `--${param.long}`);
  const places = params.filter((param) => !param.long);
  // Words that are neither flags nor the value of an option fill the places in order.
  const filled = typed.filter((word, index) => word && !word.startsWith("-") && !takesValue(typed[index - 1])).length;
  const last = places.at(-1);
  const value = takesValue(typed.at(-1));
  const place = value ?? places[filled] ?? (/^(words|rest)$/.test(last?.kind) ? last : undefined);
  const out = [];
  if (place && !current.startsWith("-")) {
    const choices = place.choices.filter(([choice]) => choice.startsWith(current) && choice !== current);
    const note = (choice, help) => [help, choice === place.default ? "(the default)" : ""].filter(Boolean).join(" ");
    out.push(...choices.map(([choice, help]) => ({ insert: `${before}${quoted(choice)} `, label: choice, about: note(choice, help) })));
    if (place.completes) Object.assign(asks, { ask: { command: name, field: place.name, typed: current }, before });
    if (!current && !place.choices.length) out.push({ hint: true, label: place.required ? `<${place.name}>` : `[${place.name}]`, about: about(place) });
  }
  if (!value && (!current || current.startsWith("-"))) {
    const free = params.filter((param) => param.long && (param.kind === "options" || !typed.includes(`--${param.long}`)));
    const fits = free.filter((param) => `--${param.long}`.startsWith(current) && `--${param.long}` !== current);
    out.push(...fits.map((param) => ({ insert: `${before}--${param.long} `, label: `--${param.long}`, about: about(param) })));
  }
  return out;
}

const about = (param) => [param.about, param.default ? `(else ${param.default})` : ""].filter(Boolean).join(" ");
