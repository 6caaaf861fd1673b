// A form of the bot's as a dialog. The browser keeps the focus in it, and gives it back when it closes.

const HERE = { users: [], conversations: [["#console", "C-console"]] };
let form = null; // the one that is open

/** Opens a view, or puts it in the place of the open one. */
function showView(view) {
  const dialog = form?.view.id === view.id ? form.dialog : openDialog();
  const fields = new Map();
  const said = el("p.wrong", { role: "alert", hidden: "" });
  const parts = (view.blocks ?? []).flatMap((part) => (part.type === "input" ? [field(view, part, fields)] : block(part, () => {})));
  const send = view.submit ? el("button.send", { type: "submit" }, plain(view.submit.text)) : null;
  const away = el("button", { type: "button" }, plain(view.close?.text ?? "Cancel"));
  const sheet = el("form", { novalidate: "", autocomplete: "off" }, el("h2", { id: "modal-title" }, plain(view.title.text)),
    el("div.body", { tabindex: "-1" }, ...parts, said), el("p.foot", {}, away, send));
  form = { view, dialog, fields, said, send };
  away.onclick = () => dialog.close();
  sheet.onsubmit = (event) => { event.preventDefault(); submitView(form); };
  sheet.onkeydown = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) sheet.requestSubmit();
    if (event.key === "Tab") goRound(event, sheet.querySelectorAll("input, select, textarea, button, a, pre"), event.shiftKey);
  };
  dialog.replaceChildren(sheet);
  ([...fields.values()][0]?.focus ?? send ?? away).focus();
}

/** Goes from the last to the first, and back, so that Tab does not lead out into the browser's own buttons. */
function goRound(event, places, back) {
  const [from, to] = back ? [places[0], places[places.length - 1]] : [places[places.length - 1], places[0]];
  if (document.activeElement !== from) return;
  event.preventDefault();
  to.focus();
}

function openDialog() {
  form?.dialog.close();
  const dialog = el("dialog", { "aria-labelledby": "modal-title" });
  dialog.onclose = () => {
    dialog.remove();
    if (form?.dialog === dialog) {
      if (!form.sent) ask("/console/view", { view: form.view.id }).catch(() => {});
      form = null;
    }
    if (document.activeElement === document.body) line.focus();
  };
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

async function submitView(open) {
  const { view, fields, said, send, dialog } = open;
  if (open.busy) return;
  const missing = [...fields].flatMap(([id, field]) => { const why = field.check(); return why ? [[id, why]] : []; });
  if (showErrors(open, Object.fromEntries(missing))) return;
  const values = Object.fromEntries([...fields].map(([id, field]) => [id, field.read()]));
  const busy = (is) => { open.busy = is; send?.setAttribute("aria-busy", String(is)); };
  said.hidden = true;
  busy(true);
  try {
    const answer = await ask("/console/view", { view: view.id, values });
    const told = answer.ok ? await answer.json() : { why: await answer.text() };
    if (told.why) return complain(said, told.why);
    if (told.errors) return showErrors(open, told.errors);
    if (told.view) return showView(told.view);
    open.sent = true;
    dialog.close();
  } catch {
    complain(said, "Not sent: the bot cannot be reached.");
  } finally {
    busy(false);
  }
}

function complain(place, why) {
  place.textContent = why;
  place.hidden = false;
}

/** Shows what is wrong beside each field, and goes to the first. What belongs to no field is said at the end. */
function showErrors({ fields, said }, errors) {
  for (const [id, field] of fields) field.wrong(errors[id] ?? "");
  const lost = Object.entries(errors).filter(([id]) => !fields.has(id)).map(([, why]) => why);
  if (lost.length) complain(said, lost.join(" "));
  const first = [...fields].find(([id]) => errors[id]);
  first?.[1].focus.focus();
  return Object.keys(errors).length > 0;
}

// --- Its fields.

/** An input block: its label, its control, its hint, and what is wrong. */
function field(view, { block_id: id, label, hint, optional, element }, fields) {
  const name = `in-${fields.size}`;
  const control = (CONTROLS[element.type] ?? unknown)(element, name, { view: view.id, block: id, action: element.action_id });
  const grouped = control.group;
  const help = hint ? el("p.note", { id: `${name}-hint` }, plain(hint.text)) : null;
  const wrong = el("p.wrong", { id: `${name}-wrong`, role: "alert" });
  const title = [plain(label?.text), optional ? el("i", {}, " optional") : null];
  const node = grouped ? el("fieldset.field", { id: name }, el("legend", {}, ...title)) : el("div.field", {}, el("label", { for: name }, ...title));
  node.append(control.node, ...(help ? [help] : []), wrong);
  const described = grouped ? node : control.focus;
  if (!optional && !grouped) described.setAttribute("aria-required", "true");
  described.setAttribute("aria-describedby", [help?.id, wrong.id].filter(Boolean).join(" "));
  fields.set(id, {
    focus: control.focus,
    read: control.read,
    check: () => control.check?.() ?? (optional || control.read().length ? "" : "Please fill this in."),
    wrong(why) {
      wrong.textContent = why;
      if (why) described.setAttribute("aria-invalid", "true");
      else described.removeAttribute("aria-invalid");
    },
  });
  return node;
}

const CONTROLS = {
  plain_text_input: text,
  static_select: menu,
  multi_static_select: ticks,
  checkboxes: ticks,
  radio_buttons: ticks,
  external_select: search,
  multi_external_select: search,
  users_select: (element, id) => menu(own(element, HERE.users), id),
  multi_users_select: (element, id) => ticks(own(element, HERE.users), id),
};
for (const kind of ["conversations", "channels"]) {
  CONTROLS[`${kind}_select`] = (element, id) => menu(own(element, HERE.conversations), id);
  CONTROLS[`multi_${kind}_select`] = (element, id) => ticks(own(element, HERE.conversations), id);
}

/** People and channels as plain choices: there is one of each. */
function own(element, choices) {
  const first = Object.entries(element).find(([key]) => /^initial_(user|conversation|channel)s?$/.test(key))?.[1];
  const wanted = [first].flat();
  const options = choices.map(([label, value]) => ({ text: { type: "plain_text", text: label }, value }));
  const initial = options.filter(({ value }) => wanted.includes(value) || element.default_to_current_conversation);
  return { ...element, options, initial_option: initial[0], initial_options: initial };
}

function unknown(element) {
  const node = el("p.note", { tabindex: "-1" }, `This can be filled in only in Slack (${element.type}).`);
  return { node, focus: node, read: () => [] };
}

function text(element, id) {
  const node = el(element.multiline ? "textarea" : "input", { id, maxlength: element.max_length ?? 3000, spellcheck: "false", autocapitalize: "off" });
  if (element.multiline) node.rows = 4;
  node.value = element.initial_value ?? "";
  node.placeholder = plain(element.placeholder?.text);
  return { node, focus: node, read: () => node.value };
}

const labelOf = (option) => [option.text?.text, option.description?.text].filter(Boolean).map(plain).join(" — ");

function menu(element, id) {
  const groups = element.option_groups ?? [{ options: element.options ?? [] }];
  const all = groups.flatMap((group) => group.options);
  const first = all.findIndex((option) => option.value === element.initial_option?.value);
  const entry = (option) => el("option", { value: all.indexOf(option) }, labelOf(option));
  const node = el("select", { id }, el("option", { value: "" }, plain(element.placeholder?.text ?? "Choose …")),
    ...groups.flatMap((group) => (group.label ? [el("optgroup", { label: plain(group.label.text) }, ...group.options.map(entry))] : group.options.map(entry))));
  node.value = first < 0 ? "" : String(first);
  return { node, focus: node, read: () => (node.value === "" ? [] : [all[node.value]]) };
}

function ticks(element, id) {
  const options = (element.option_groups ?? [element]).flatMap((group) => group.options ?? []);
  const type = element.type === "radio_buttons" ? "radio" : "checkbox";
  const initial = (element.initial_options ?? [element.initial_option]).map((option) => option?.value);
  const boxes = options.map((option) => {
    const box = el("input", { type, name: id });
    box.checked = initial.includes(option.value);
    return box;
  });
  const node = el("div.ticks", {}, ...boxes.map((box, index) => el("label", {}, box, labelOf(options[index]))));
  return { node, group: true, focus: boxes[0] ?? node, read: () => options.filter((_, index) => boxes[index].checked) };
}

/** A menu whose options the bot names while somebody types. */
function search(element, id, names) {
  const many = element.type.startsWith("multi_");
  const least = element.min_query_length ?? 3;
  let chosen = many ? [...(element.initial_options ?? [])] : [element.initial_option].filter(Boolean);
  let offered = [];
  const input = el("input", { id, role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": `${id}-list`, spellcheck: "false", autocapitalize: "off" });
  input.placeholder = plain(element.placeholder?.text ?? "Type to search");
  const list = el("ul.choices", { id: `${id}-list`, role: "listbox", "aria-label": "Suggestions", hidden: "" });
  const chips = el("ul.chips", { "aria-label": "Chosen" });
  const node = el("div.search", {}, many ? chips : null, input, list);
  const nameOf = (option) => plain(option.text.text);
  const box = listbox(input, list, ({ option }) => {
    asking.cancel();
    if (many && !chosen.some(({ value }) => value === option.value)) chosen.push(option);
    else if (!many) chosen = [option];
    draw();
    box.show([]);
  });
  function draw() {
    input.value = many ? "" : chosen.map(nameOf).join();
    chips.replaceChildren(...chosen.map((option, index) => {
      const off = el("button", { type: "button", "aria-label": `Remove ${nameOf(option)}` }, nameOf(option), " ×");
      off.onclick = () => { chosen.splice(index, 1); draw(); input.focus(); };
      return el("li", {}, off);
    }));
  }
  const asking = latest(async (value) => {
    if (!input.isConnected) return null;
    const answer = await ask("/console/suggest", { ...names, value });
    return answer.ok ? answer.json() : null;
  }, ({ options }, value) => {
    offered = options;
    if (document.activeElement !== input) return settle();
    offer(offered);
    if (!offered.length && value) box.show([{ hint: true, label: "Nothing fits", about: value }]);
  });
  const offer = (options) => box.show(options.map((option) => ({ option, label: nameOf(option), about: plain(option.description?.text) })));
  function query() {
    asking.cancel();
    if (input.value.length < least) return box.show([]);
    // Until the bot has answered, what it named before and still fits: Enter must not pick what does not.
    const typed = input.value.trim().toLowerCase();
    if (typed) offer(offered.filter((option) => nameOf(option).toLowerCase().includes(typed)));
    asking(input.value);
  }
  /** What was typed in full counts as picked. */
  function settle() {
    const same = offered.find((option) => nameOf(option) === input.value.trim());
    if (same && (many || !chosen.length)) { chosen.push(same); draw(); }
  }
  input.oninput = () => { if (!many) chosen = []; query(); };
  input.addEventListener("focus", () => { if (!input.value) query(); });
  input.addEventListener("blur", settle);
  input.onkeydown = (event) => {
    const arrow = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.isComposing) return;
    if (arrow && box.any) box.step(arrow);
    else if (event.key === "ArrowDown") query();
    else if (event.key === "Enter" && box.any && (box.walked || input.value)) box.take();
    else if (event.key === "Escape" && box.open) box.show([]);
    else if (event.key === "Backspace" && many && !input.value && chosen.length) { chosen.pop(); draw(); }
    else return;
    event.preventDefault();
  };
  draw();
  return {
    node,
    focus: input,
    read: () => chosen,
    check() {
      settle();
      return input.value && (many || !chosen.length) ? "Please pick one of those offered." : undefined;
    },
  };
}
