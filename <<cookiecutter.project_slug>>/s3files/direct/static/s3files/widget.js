// Makes the file inputs of s3files/direct/forms.py send their files straight to S3.
//
// What the form then posts is a token for each file, in a hidden input. An upload belongs to the
// tab, page, input and object in which it was begun (places.js): there it is taken up again by
// itself. Everywhere else it is offered, with a button, once in a page.

import { currentPage, forget, ready, recall, remember } from "./places.js";
import { Queue } from "./queue.js";
import { text } from "./texts.js";
import { Server, isHeld, listHeld } from "./upload.js";

const SELECTOR = "[data-s3files]";
// The server answers for so many at once.
const MOST_TARGETS = 200;
const widgets = new Map(); // element → Widget
// Form that is sent when its uploads are done → its button, and the files refused before it.
const waitingForms = new Map();
const sentForms = new WeakSet(); // forms whose answer is under way
// How long a second click on a button that sends a form is taken for the first.
const SECOND_CLICK = 5_000;

class Widget {
  constructor(element) {
    this.element = element;
    this.page = currentPage();
    this.input = element.querySelector("input[type=file]");
    this.required = this.input.required;
    this.list = element.querySelector("[data-queue]");
    this.note = element.querySelector("[data-note]");
    const { url, target, object, maxBytes, thumbnailBytes } = element.dataset;
    Object.assign(this, { target, object });
    const csrfToken = this.form?.querySelector("[name=csrfmiddlewaretoken]")?.value;
    this.server = new Server(url, target, csrfToken);
    this.queue = new Queue({
      list: this.list,
      template: document.querySelector("template[data-row]"),
      status: element.querySelector("[data-status]"),
      summary: element.querySelector("[data-summary]"),
      server: this.server,
      options: {
        input: this.input,
        accept: this.input.accept,
        maxBytes: Number(maxBytes),
        thumbnailBytes: Number(thumbnailBytes),
      },
      onComplete: (upload, row) => this.#attach(upload, row),
      onChange: (upload) => this.#note(upload),
    });
    this.input.addEventListener("change", () => this.#choose([...this.input.files]));
    this.#adoptRows();
    this.update();
    // Chosen before this script was there.
    this.#choose([...this.input.files]);
  }

  get form() {
    return this.input.form;
  }

  get place() {
    return JSON.stringify([this.page, this.input.name, this.object]);
  }

  // Rows that the form posts.
  get rows() {
    return [...this.list.children].filter((row) => row.querySelector("input[type=hidden]"));
  }

  // The uploads of this place, finished or not.
  get tokens() {
    const rows = this.list.querySelectorAll("li[data-token]:not(.offered)");
    return [...rows].map((row) => row.dataset.token).filter(Boolean);
  }

  // An upload of this very place.
  takeBack(known) {
    this.queue.resume(known);
  }

  offer(known) {
    this.queue.offer(known, () => {
      this.#replace();
      this.queue.resume(known);
      this.input.focus();
    });
  }

  // A token stands for the file, so the input itself is not required any more.
  update() {
    this.input.required = this.required && !this.rows.length && !this.queue.isBusy;
  }

  // Another form has taken these files, or they have ended.
  dropRowsExcept(tokens) {
    for (const row of this.rows) if (!tokens.has(row.dataset.token)) row.remove();
    this.update();
  }

  explain(key, upload) {
    this.note.textContent = key ? text(key, { name: upload?.name }) : "";
    if (key) this.queue.say(this.note.textContent);
  }

  // In a row that got another position the memory would be of another place.
  forgetMoved() {
    for (const token of this.tokens) if (recall(token) !== this.place) forget(token);
  }

  // `replaced`: another element is in its place, as when a script shows the form again.
  stop(replaced) {
    this.queue.stop();
    // Removed from a page that is still open: its files are no longer wanted.
    if (replaced || this.page !== currentPage()) return;
    for (const token of this.tokens) forget(token);
  }

  #choose(files) {
    if (files.length) this.#replace();
    for (const file of files) this.queue.add(file);
    this.input.value = ""; // The form posts tokens, not the bytes once more.
    this.update();
  }

  // A field for one file has one: the last that was chosen.
  #replace() {
    if ("multiple" in this.element.dataset) return;
    for (const row of [...this.list.querySelectorAll("li:not(.unfinished)")]) {
      row.querySelector(".cancel").click();
    }
  }

  #attach(upload, row) {
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = this.input.name + "-upload";
    field.value = upload.token;
    row.append(field);
    return true;
  }

  #note(upload) {
    const { token, state, noted } = upload;
    const now = state === "cancelled" ? null : token;
    if (noted && noted !== now) forget(noted);
    if (now && noted !== now) remember(now, this.place);
    upload.noted = now;
    this.update();
    if (state === "cancelled" && waitingForms.delete(this.form)) this.explain("");
    settle(this.form);
  }

  // What the form had when it was shown again; rows without a token are another visit's.
  #adoptRows() {
    for (const row of [...this.list.children]) {
      const { token } = row.dataset;
      if (!row.querySelector("input[type=hidden]")) {
        row.remove();
        continue;
      }
      remember(token, this.place);
      row.querySelector(".cancel").onclick = () => {
        row.remove();
        forget(token);
        this.update();
        this.input.focus();
        this.server.post("cancel", { token }).catch(() => {});
      };
    }
  }
}

// --- The uploads of earlier visits ---------------------------------------------------

// Ask for those of all these widgets at once.
async function restore(fresh, isReturn) {
  let lists, held;
  const targets = [...new Set(fresh.map((widget) => widget.target))].slice(0, MOST_TARGETS);
  try {
    [lists, held] = await Promise.all([fresh[0].server.listUnfinished(targets), listHeld(), ready()]);
  } catch {
    return; // Nothing is lost: the next visit shows them.
  }
  if (isReturn) {
    const tokens = new Set(lists.flat().map((known) => known.token));
    for (const widget of fresh) widget.dropRowsExcept(tokens);
  }
  lists.forEach((list, index) => {
    for (const known of list) if (!isHeld(held, known)) give(known, targets[index]);
  });
}

function give(known, target) {
  if (document.querySelector(`${SELECTOR} [data-token="${CSS.escape(known.token)}"]`)) return;
  const fitting = [...document.querySelectorAll(SELECTOR)]
    .map((element) => widgets.get(element))
    .filter((widget) => widget?.target === target && widget.object === (known.object ?? "new"));
  const own = fitting.find((widget) => widget.place === recall(known.token));
  if (own) own.takeBack(known);
  else fitting[0]?.offer(known);
}

// --- Widgets come and go ---------------------------------------------------------------

function enhance() {
  const fresh = [];
  for (const element of document.querySelectorAll(SELECTOR)) {
    // Django's formsets copy the empty form.
    if (widgets.has(element) || element.closest(".empty-form")) continue;
    const widget = new Widget(element);
    widgets.set(element, widget);
    fresh.push(widget);
  }
  return fresh;
}

function follow() {
  const gone = [...widgets.values()].filter(({ element }) => !element.isConnected);
  for (const { element } of gone) widgets.delete(element);
  const fresh = enhance();
  const places = new Set(fresh.map(({ place }) => place));
  for (const widget of gone) widget.stop(places.has(widget.place));
  if (fresh.length) restore(fresh);
}

const { type } = performance.getEntriesByType("navigation")[0] ?? {};
const first = enhance();
if (first.length) restore(first, type === "back_forward");
// Added by the admin's formsets, htmx, Turbo or any other script.
new MutationObserver(follow).observe(document.documentElement, { childList: true, subtree: true });
addEventListener("pagehide", () => widgets.forEach((widget) => widget.forgetMoved()));
addEventListener("pageshow", ({ persisted }) => {
  if (persisted && widgets.size) restore([...widgets.values()], true);
});

// --- The form waits for its uploads ------------------------------------------------------

// Before any other listener, so that no script sends the form by itself.
document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    const unready = widgetsOf(form).find((widget) => widget.queue.isBusy || find(widget, isStuck));
    if (!unready && !isSecondClick(event)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!unready) return;
    unready.explain(unready.queue.isBusy ? "pleaseWait" : "notSent", find(unready, isStuck));
    if (unready.queue.isBusy) sendLater(form, event.submitter);
    else unready.list.querySelector("button:not([hidden])").focus();
  },
  true,
);

// Two requests at once would save a file in two rows, and one of them would be refused.
function isSecondClick(event) {
  const form = event.target;
  if (!widgetsOf(form).some((widget) => widget.rows.length)) return false;
  if (sentForms.has(form)) return true;
  sentForms.add(form);
  // A script that sends the form by itself says when it may be sent again.
  setTimeout(() => event.defaultPrevented && sentForms.delete(form));
  setTimeout(() => sentForms.delete(form), SECOND_CLICK);
  return false;
}

function sendLater(form, submitter) {
  const uploads = widgetsOf(form).flatMap((widget) => [...widget.queue.uploads.keys()]);
  waitingForms.set(form, { submitter, refused: uploads.filter(isRefused) });
}

// Send a form that waits, if all its uploads are done.
function settle(form) {
  if (!waitingForms.has(form)) return;
  const all = widgetsOf(form);
  if (all.some((widget) => widget.queue.isBusy)) return;
  const { submitter, refused } = waitingForms.get(form);
  waitingForms.delete(form);
  for (const widget of all) widget.explain("");
  // What was refused before does not go with the form, as its user has seen.
  const isBad = (upload) => isStuck(upload) || (isRefused(upload) && !refused.includes(upload));
  const bad = all.find((widget) => find(widget, isBad));
  if (bad) bad.explain("notSent", find(bad, isBad));
  // A task later: the queue is then at rest, and nothing asks whether to leave the page.
  else setTimeout(() => form.requestSubmit(submitter?.isConnected ? submitter : undefined));
}

const widgetsOf = (form) => [...widgets.values()].filter((widget) => widget.form === form);
const find = (widget, test) => [...widget.queue.uploads.keys()].find(test);
const isRefused = ({ state, error }) => state === "failed" && !error?.retry;
const isStuck = ({ state, error }) => state === "paused" || (state === "failed" && error?.retry);
