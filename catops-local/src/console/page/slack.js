"use strict";
// A Slack message as elements. All text becomes text nodes; nothing here parses HTML.

const SVG = "http://www.w3.org/2000/svg";

/** Makes an element. Children that are text become text nodes. */
function el(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const node = document.createElement(name);
  if (classes.length) node.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function cat() {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  svg.setAttribute("class", "cat");
  use.setAttribute("href", "#cat");
  svg.append(use);
  return svg;
}

/** Slack escapes these three and no others; `&amp;` last, or `&amp;lt;` would become `<`. */
const plain = (text) => String(text ?? "").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

/** The address if it is of the web, or null. */
function web(address, alsoData) {
  try {
    const url = new URL(plain(address));
    const image = alsoData && url.protocol === "data:" && /^image\//.test(url.pathname);
    return url.protocol === "https:" || url.protocol === "http:" || image ? url.href : null;
  } catch {
    return null;
  }
}

function link(address, ...label) {
  const href = web(address);
  return href ? el("a", { href, target: "_blank", rel: "noopener noreferrer" }, ...label) : el("span", {}, ...label);
}

/** Who and what is here, by its id; elsewhere the id is all there is. */
const nameOf = (id) => [...HERE.users, ...HERE.conversations].find(([, own]) => own === id)?.[0].replace(/^#/, "") ?? id;

/** What stands between angle brackets: a link, a mention or a date. */
function angle(inside) {
  const bar = inside.indexOf("|");
  const [target, label] = bar < 0 ? [inside, ""] : [inside.slice(0, bar), inside.slice(bar + 1)];
  if (/^[@#]/.test(target)) return el("span.mention", {}, target[0] + (plain(label) || nameOf(target.slice(1))));
  if (/^!date\^/.test(target)) return plain(label);
  if (target[0] === "!") return el("span.mention", {}, "@" + (plain(label).replace(/^@/, "") || target.slice(1)));
  return web(target) || /^mailto:/.test(target) ? link(target, plain(label || target)) : plain(`<${inside}>`);
}

const INLINE =
  /`([^`\n]+)`|<([^<>\n]+)>|(?<![\w*])\*(?=\S)([^*\n]*[^\s*])\*(?![\w*])|(?<!\w)_(?=\S)([^_\n]*[^\s_])_(?!\w)|(?<![\w~])~(?=\S)([^~\n]*[^\s~])~(?![\w~])/g;
const ANGLE = /<([^<>|\n]+)\|?([^<>\n]*)>/g;

function inline(text) {
  const out = [];
  let last = 0;
  for (const found of text.matchAll(INLINE)) {
    const [all, code, inside, bold, italic, struck] = found;
    if (found.index > last) out.push(plain(text.slice(last, found.index)));
    if (code) out.push(el("code", {}, verbatim(code)));
    else if (inside) out.push(angle(inside));
    else if (bold) out.push(el("strong", {}, ...inline(bold)));
    else if (italic) out.push(el("em", {}, ...inline(italic)));
    else out.push(el("s", {}, ...inline(struck)));
    last = found.index + all.length;
  }
  if (last < text.length) out.push(plain(text.slice(last)));
  return out;
}

const verbatim = (text) => plain(text.replace(ANGLE, (_, target, label) => label || target));

/** Slack's mrkdwn as a list of blocks. */
function mrkdwn(text) {
  const out = [];
  String(text ?? "").split(/```\n?([^]*?)\n?```\n?/).forEach((piece, index) => {
    if (index % 2) return out.push(el("pre", { tabindex: "0" }, verbatim(piece)));
    for (const lines of piece.split(/((?:^(?:&gt;|>).*\n?)+)/m)) {
      if (!lines.trim()) continue;
      const quote = /^(&gt;|>)/.test(lines);
      const said = lines.replace(/^\n|\n$/g, "");
      out.push(quote ? el("blockquote.text", {}, ...inline(said.replace(/^(&gt;|>) ?/gm, ""))) : el("div.text", {}, ...inline(said)));
    }
  });
  return out;
}

/** Light Markdown, which differs from mrkdwn in its bold and its links. */
const markdown = (text) => mrkdwn(String(text ?? "").replace(/\*\*(.+?)\*\*/g, "*$1*").replace(/\[([^\]\n]+)\]\((https?:[^)\s]+)\)/g, "<$2|$1>"));

/** A text object of either kind, or a bare string. */
function words(text) {
  if (!text) return [];
  if (typeof text === "string") return mrkdwn(text);
  return text.type === "plain_text" ? [el("div.text", {}, plain(text.text))] : mrkdwn(text.text);
}

function image(block) {
  const src = web(block.image_url, true);
  if (!src) return el("div.note", {}, `A picture without an address: ${plain(block.alt_text)}`);
  const picture = el("img", { src, alt: plain(block.alt_text), loading: "lazy", referrerpolicy: "no-referrer" });
  picture.onerror = () => picture.replaceWith(el("span.note", {}, `Picture not shown: ${plain(block.alt_text)} `, link(src, "open it")));
  return picture;
}

/** A button or whatever else stands in a row of actions. `press` takes the names of what was pressed, and the button. */
function action(element, press, block) {
  const label = plain(element.text?.text ?? element.placeholder?.text ?? element.type);
  const style = element.style === "primary" || element.style === "danger" ? `.${element.style}` : "";
  if (element.type === "image") return image(element);
  if (element.type !== "button") return el("span.note", {}, `${label} (works in Slack only)`);
  if (element.url && web(element.url)) {
    const anchor = link(element.url, label);
    anchor.className = "button";
    return anchor;
  }
  const button = el(`button${style}`, { type: "button" }, label);
  button.onclick = () => {
    const question = element.confirm && [element.confirm.title?.text, element.confirm.text?.text].filter(Boolean).join("\n");
    if (!question || confirm(plain(question))) press({ block, action: element.action_id }, button);
  };
  return button;
}

function cell(content) {
  return content?.type === "rich_text" ? rich(content) : [plain(content?.text)];
}

function table(block) {
  const [head = [], ...rows] = block.rows ?? [];
  const line = (kind, cells) => el("tr", {}, ...cells.map((content) => el(kind, {}, ...cell(content))));
  return el("div.table", { tabindex: "0" }, el("table", {}, el("thead", {}, line("th", head)), el("tbody", {}, ...rows.map((row) => line("td", row)))));
}

function rich(block) {
  return (block.elements ?? []).map((part) => {
    if (part.type === "rich_text_list") return el("ul.text", {}, ...part.elements.map((item) => el("li", {}, "• ", ...spans(item))));
    const tag = { rich_text_preformatted: "pre", rich_text_quote: "blockquote.text" }[part.type] ?? "div.text";
    return el(tag, {}, ...spans(part));
  });
}

function spans(part) {
  return (part.elements ?? []).map((span) => {
    if (span.type === "link") return link(span.url, span.text || span.url);
    const text = span.text ?? (span.user_id ? `@${span.user_id}` : span.channel_id ? `#${span.channel_id}` : span.name ?? "");
    const tag = span.style?.code ? "code" : span.style?.bold ? "strong" : span.style?.italic ? "em" : "span";
    return el(tag, {}, text);
  });
}

function block(part, press) {
  switch (part.type) {
    case "header": return [el("h3", {}, plain(part.text?.text))];
    case "divider": return [el("hr")];
    case "image": return [el("figure", {}, part.title ? el("figcaption", {}, plain(part.title.text)) : null, image(part))];
    case "context": return [el("div.context", {}, ...(part.elements ?? []).flatMap((item) => (item.type === "image" ? [image(item)] : words(item))))];
    case "actions": return [el("div.actions", { role: "group", "aria-label": "Actions" }, ...(part.elements ?? []).map((item) => action(item, press, part.block_id)))];
    case "section": {
      const fields = (part.fields ?? []).map((field) => el("div", {}, ...words(field)));
      const said = el("div", {}, ...words(part.text), fields.length ? el("div.fields", {}, ...fields) : null);
      return [el("div.section", {}, said, part.accessory ? action(part.accessory, press, part.block_id) : null)];
    }
    case "table": return [table(part)];
    case "rich_text": return rich(part);
    case "markdown": return markdown(part.text);
    default: return [el("div.note", {}, `A part that only Slack shows (${part.type}).`)];
  }
}

const COLORS = { good: "var(--done)", warning: "#a86800", danger: "var(--dead)" };

function attachment(item, press) {
  const title = item.title ? el("strong", {}, item.title_link ? link(item.title_link, item.title) : plain(item.title)) : null;
  const fields = (item.fields ?? []).map((field) => el("div", {}, el("strong", {}, plain(field.title)), ...mrkdwn(field.value)));
  const node = el("div.attached", {}, ...(item.pretext ? mrkdwn(item.pretext) : []), title, ...content({ blocks: item.blocks, text: item.text }, press),
    fields.length ? el("div.fields", {}, ...fields) : null);
  const color = COLORS[item.color] ?? (/^#?[0-9a-f]{6}$/i.test(item.color) ? `#${item.color.replace("#", "")}` : "");
  if (color) node.style.borderColor = color;
  return node;
}

/** A file: a link that saves it, and how it begins. */
function file({ id, title, size, preview, preview_is_truncated: cut }) {
  const amount = size < 1000 ? `${size} bytes` : `${Math.ceil(size / 1000).toLocaleString("en")} kB`;
  const start = preview ? el("pre", { tabindex: "0", role: "region", "aria-label": `The beginning of ${title}` }, preview + (cut ? "\n…" : "")) : null;
  return el("div.file", {}, el("a", { href: `/console/file/${encodeURIComponent(id)}`, download: "" }, title), ` ${amount}`, start);
}

/** The content of a message: its blocks, else its text, then its attachments and files. */
function content(message, press) {
  const blocks = Array.isArray(message.blocks) ? message.blocks : [];
  return [...(blocks.length ? blocks.flatMap((part) => block(part, press)) : mrkdwn(message.text)),
    ...(message.attachments ?? []).map((item) => attachment(item, press)), ...(message.files ?? []).map(file)];
}
