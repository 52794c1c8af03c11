// Keeps the board up to date: every few seconds, while somebody looks at it, the tables are fetched as JSON and what
// changed is put in. Nothing here is needed: without it a link loads the page again.

const EVERY_MS = 5000;
const zone = new Intl.DateTimeFormat(document.documentElement.lang || undefined, { dateStyle: "medium", timeStyle: "short" });
const part = (name) => document.querySelector(`[data-board="${name}"]`);
const summary = part("summary");
const stale = part("stale");
const pause = part("pause");
let paused = false;
let timer = 0;
let asking = false;

const make = (tag, className, ...children) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
};
const bdi = (text) => make("bdi", "", text);

// The same elements as in board_part.html.
const makers = {
  text: ({ text }) => bdi(text),
  note: ({ text }) => make("span", "sub", bdi(text)),
  pill: ({ tone, text }) => make("span", `pill dot ${tone}`, text),
  link: ({ href, text }) => {
    const link = make("a", "", bdi(text));
    link.href = href;
    return link;
  },
  time: ({ text, datetime }) => {
    const time = make("time", "num", zone.format(new Date(datetime)));
    time.dateTime = datetime;
    return make("span", "sub", `${text} `, time);
  },
  list: ({ items }) => make("ul", "reasons", ...items.map((item) => make("li", "", bdi(item)))),
  release: ({ action, agent, text, label }) => {
    const field = make("input");
    Object.assign(field, { type: "hidden", name: "agent", value: agent });
    const button = make("button", "btn small", text);
    button.setAttribute("aria-label", label);
    const form = make("form", "", field, button);
    Object.assign(form, { method: "post", action });
    return form;
  },
};

// What was put into a cell last: an unchanged one is not touched.
const known = new WeakMap();

const fill = (cell, parts) => {
  const text = JSON.stringify(parts);
  if (known.get(cell) === text) return;
  known.set(cell, text);
  const box = cell.firstElementChild ?? cell.appendChild(make("div", "parts-of"));
  box.replaceChildren(...parts.filter(({ type }) => type in makers).map((piece) => makers[piece.type](piece)));
};

const newRow = (key, count, headings) => {
  const row = make("tr");
  row.dataset.key = key;
  for (let index = 0; index < count; index += 1) {
    const cell = make(index ? "td" : "th");
    if (index) cell.dataset.label = headings[index];
    else cell.scope = "row";
    row.append(cell);
  }
  return row;
};

const draw = (table) => {
  const section = document.querySelector(`[data-table="${table.id}"]`);
  if (!section) return;
  const body = section.querySelector("tbody");
  const headings = [...section.querySelectorAll("thead th")].map((heading) => heading.textContent);
  const present = new Map([...body.rows].map((row) => [row.dataset.key, row]));
  let place = body.firstElementChild;
  for (const { key, cells } of table.rows) {
    const row = present.get(key) ?? newRow(key, cells.length, headings);
    present.delete(key);
    cells.forEach((parts, index) => fill(row.cells[index], parts));
    // Rows are moved only when their order changed: moving one takes the focus from it.
    if (row === place) place = place.nextElementSibling;
    else body.insertBefore(row, place);
  }
  for (const row of present.values()) row.remove();
  section.querySelector("[data-empty]").hidden = table.rows.length > 0;
  section.querySelector("[data-rows]").hidden = table.rows.length === 0;
  const note = section.querySelector("[data-note]");
  note.textContent = table.note ?? "";
  note.hidden = !table.note;
};

// Where the focus is, in words that survive a new element.
const focused = () => {
  const element = document.activeElement;
  const row = element?.closest?.("[data-key]");
  return row && { table: row.closest("[data-table]").dataset.table, key: row.dataset.key, tag: element.tagName, href: element.getAttribute("href"), element };
};

const focusAgain = (before) => {
  if (!before || before.element === document.activeElement) return;
  const rows = document.querySelectorAll(`[data-table="${before.table}"] [data-key]`);
  const row = [...rows].find((candidate) => candidate.dataset.key === before.key);
  const same = [...(row?.querySelectorAll(before.tag) ?? [])].find((element) => element.getAttribute("href") === before.href);
  const heading = document.getElementById(`${before.table}-title`);
  if (!same && heading) heading.tabIndex = -1;
  (same ?? heading)?.focus({ preventScroll: true });
};

const ask = async () => {
  if (asking) return;
  asking = true;
  try {
    const answer = await fetch("/admin/board.json", { headers: { accept: "application/json" }, redirect: "manual" });
    // Signed out, or no longer allowed: the page says so.
    if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) return location.reload();
    if (!answer.ok) throw new Error(String(answer.status));
    const view = await answer.json();
    // A paused board stays as it is, also when the answer was under way.
    if (paused) return;
    const before = focused();
    summary.textContent = view.summary;
    view.tables.forEach(draw);
    focusAgain(before);
    stale.hidden = true;
  } catch {
    stale.hidden = false;
  } finally {
    asking = false;
    plan();
  }
};

const plan = () => {
  clearTimeout(timer);
  if (!paused && !document.hidden) timer = setTimeout(ask, EVERY_MS);
};

document.addEventListener("visibilitychange", () => (document.hidden || paused ? plan() : ask()));
pause.hidden = false;
pause.addEventListener("click", () => {
  paused = !paused;
  pause.textContent = paused ? pause.dataset.resume : pause.dataset.pause;
  if (paused) plan();
  else ask();
});
plan();
