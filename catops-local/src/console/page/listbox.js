// A list of choices under a text field. The focus stays in the field; the arrow keys walk the list.

let pressing = false;
const released = ["pointerup", "pointercancel"];
addEventListener("pointerdown", () => { pressing = true; }, true);
for (const end of released) addEventListener(end, () => { pressing = false; }, true);

/** Entries are `{ label, about, … }`; one with `hint` is shown and cannot be picked. `accept` takes the one that was picked. */
function listbox(input, list, accept) {
  let shown = [];
  let picked = -1;
  const pickable = () => shown.flatMap((entry, index) => (entry.hint ? [] : [index]));
  function pick(index) {
    list.children[picked]?.setAttribute("aria-selected", "false");
    picked = index;
    const item = list.children[index];
    if (!item) return input.removeAttribute("aria-activedescendant");
    item.setAttribute("aria-selected", "true");
    input.setAttribute("aria-activedescendant", item.id);
    item.scrollIntoView({ block: "nearest" });
  }
  const box = {
    show(entries) {
      shown = entries.slice(0, 100);
      list.replaceChildren(...shown.map((entry, index) => {
        const role = entry.hint ? { role: "presentation" } : { role: "option", id: `${list.id}-${index}`, "aria-selected": "false" };
        const item = el("li", role, el("b", {}, entry.label), entry.about ? el("span", {}, entry.about) : null);
        if (!entry.hint) item.onmousedown = (event) => { event.preventDefault(); accept(entry); };
        return item;
      }));
      list.hidden = !shown.length;
      input.setAttribute("aria-expanded", String(shown.length > 0));
      pick(-1);
    },
    get open() { return !list.hidden; },
    get any() { return pickable().length > 0; },
    get walked() { return picked >= 0; },
    step(by) {
      const open = pickable();
      const at = open.indexOf(picked);
      if (open.length) pick(at < 0 ? open.at(by > 0 ? 0 : -1) : open[(at + by + open.length) % open.length]);
    },
    /** Accepts the entry that was walked to, or else the first. */
    take() { accept(shown[picked < 0 ? pickable()[0] : picked]); },
  };
  const leave = () => { if (document.activeElement !== input) box.show([]); };
  // A list that went at once would move what is being pressed away from under the pointer.
  input.addEventListener("blur", () => {
    if (pressing) for (const end of released) addEventListener(end, () => setTimeout(leave), { once: true });
    else leave();
  });
  return box;
}

/** Asks a moment after the last call, and gives `use` the latest answer alone. `cancel` forgets what is under way. */
function latest(ask, use) {
  let timer = 0;
  let run = 0;
  const cancel = () => { clearTimeout(timer); return ++run; };
  const call = (...about) => {
    const mine = cancel();
    timer = setTimeout(async () => {
      const answer = await ask(...about).catch(() => null);
      if (mine === run && answer) use(answer, ...about);
    }, 120);
  };
  return Object.assign(call, { cancel });
}
