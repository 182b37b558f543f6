// A list of uploads as a person sees it: progress, pause, resume, retry, cancel.
//
// The rows are copies of a <template data-row> (s3files/row.html); `queue.add(file)`
// begins one. `onComplete(upload, row)` is called when the server has looked at a file;
// the row goes away unless it returns true. `onChange(upload)` is called at each change.

import { formatBytes, formatNumber, formatPercent, formatSeconds, readTexts, text } from "./texts.js";
import { Upload, UploadError, makeThumbnail } from "./upload.js";

const FILES_IN_PARALLEL = 3;
const UNDER_WAY = ["waiting", "sending", "checking", "processing"];
// How long an announcement stays in the page.
const SAID_FOR = 20_000;

export class Queue {
  uploads = new Map(); // each upload that the list shows → its row
  #waiting = [];
  #running = 0;
  #unfinished = new Map(); // fileKey() → row of an upload of an earlier visit
  #batch = new Set(); // what was begun since the list was last at rest
  #stopped = new AbortController();

  // `list`: a <ul>; `template`: the <template>; `status`: an element with role=status;
  // `summary`: an element for "2 of 8".
  constructor({ list, template, status, summary, server, options, onComplete, onChange }) {
    Object.assign(this, { list, template, status, summary, server, options, onComplete });
    this.onChange = onChange ?? (() => {});
    readTexts(template);
    const { signal } = this.#stopped;
    const warn = (event) => this.#running && event.preventDefault();
    addEventListener("beforeunload", warn, { signal });
  }

  get isBusy() {
    return [...this.uploads.keys()].some((upload) => UNDER_WAY.includes(upload.state));
  }

  add(file) {
    const found = this.#unfinished.get(fileKey(file));
    this.#unfinished.delete(fileKey(file));
    const row = found?.row ?? this.#makeRow(file.name);
    const { completes, thumbnailBytes } = this.options;
    const thumbnail = makeThumbnail(file, thumbnailBytes);
    const upload = new Upload(file, this.server, { thumbnail, known: found?.known, completes });
    this.#connect(upload, row);
    const problem = this.#refuse(file);
    if (problem) this.#fail(upload, row, new UploadError(problem));
    else this.#start(upload, row);
    return upload;
  }

  // Go on with what an earlier visit, or a lost line, left unfinished.
  resume(known) {
    if (known.state === "reserved") this.#askForFile(known);
    else this.#goOn(known);
  }

  // Show what was begun elsewhere; only its person knows whether it belongs here.
  offer(known, onUse) {
    const row = this.#makeRow(known.name, known.token);
    const reserved = known.state === "reserved";
    row.classList.add("unfinished", "offered");
    row.querySelector("progress").hidden = true;
    row.querySelector(".state").textContent = text(reserved ? "begunElsewhere" : "sentElsewhere");
    const use = row.querySelector(".use");
    use.hidden = false;
    use.textContent = text(reserved ? "chooseAgain" : "use", { name: known.name });
    row.querySelector(".cancel").onclick = () => this.#discard(known, row);
    if (reserved) {
      this.#unfinished.set(fileKey(known), { known, row });
      use.onclick = () => this.options.input.click();
      return;
    }
    use.onclick = () => {
      row.remove();
      onUse();
    };
  }

  // For screen readers: one announcement does not take another's place.
  say(words) {
    const line = document.createElement("p");
    line.textContent = words;
    this.status.append(line);
    setTimeout(() => line.remove(), SAID_FOR);
  }

  // The list has left the page: what is sent by now waits for another visit.
  stop() {
    this.#stopped.abort();
    this.#waiting = [];
    for (const upload of this.uploads.keys()) {
      if (UNDER_WAY.includes(upload.state)) upload.pause();
    }
  }

  // The browser cannot read the file again by itself: its person chooses it again.
  #askForFile(known) {
    const row = this.#makeRow(known.name, known.token);
    this.#unfinished.set(fileKey(known), { known, row });
    row.classList.add("unfinished");
    row.querySelector("progress").hidden = true;
    row.querySelector(".state").textContent = text("notFinished");
    row.querySelector(".cancel").onclick = () => this.#discard(known, row);
  }

  // S3 has all of it: only the rest of the way is missing.
  #goOn(known) {
    const row = this.#makeRow(known.name, known.token);
    const file = { name: known.name, size: known.size, lastModified: known.modified };
    // Of what is complete there is nothing left to ask.
    const completes = this.options.completes ?? known.state !== "complete";
    const upload = new Upload(file, this.server, { known, completes });
    this.#connect(upload, row);
    this.#start(upload, row);
  }

  async #discard(known, row) {
    row.remove();
    this.#unfinished.delete(fileKey(known));
    this.say(text("wasCancelled", { name: known.name }));
    this.options.input.focus();
    await this.server.post("cancel", { token: known.token }).catch(() => {});
  }

  #makeRow(name, token = "") {
    const row = this.template.content.querySelector("li").cloneNode(true);
    row.dataset.token = token;
    row.querySelector(".name bdi").textContent = name;
    row.querySelector("progress").setAttribute("aria-label", name);
    for (const button of row.querySelectorAll("button:not(.use)")) labelButton(button, name);
    this.list.append(row);
    return row;
  }

  #connect(upload, row) {
    row.classList.remove("unfinished", "offered");
    row.querySelector(".use").hidden = true;
    this.uploads.set(upload, row);
    const on = (name, action) => (row.querySelector(name).onclick = action);
    on(".pause", () => {
      upload.pause();
      row.querySelector(".resume").focus();
    });
    const start = () => {
      this.#start(upload, row);
      row.querySelector(".cancel").focus();
    };
    on(".resume", start);
    on(".retry", start);
    on(".cancel", () => this.#cancel(upload, row));
    upload.addEventListener("change", () => this.#show(upload, row));
  }

  // The same rules as the server's and S3's, told at once.
  #refuse(file) {
    const { accept, maxBytes } = this.options;
    if (accept && !accept.split(",").some((one) => fits(file, one))) return text("wrongType");
    if (file.size > maxBytes) return text("tooLarge", { size: formatBytes(maxBytes) });
    if (!file.size) return text("empty");
  }

  #start(upload, row) {
    this.#batch.add(upload);
    upload.state = "waiting";
    upload.error = null;
    this.#show(upload, row);
    this.#waiting.push([upload, row]);
    this.#next();
  }

  async #next() {
    if (this.#running >= FILES_IN_PARALLEL || !this.#waiting.length) return;
    const [upload, row] = this.#waiting.shift();
    this.#running += 1;
    try {
      await upload.start();
      // Focus stays in the page when a row with it goes.
      const focused = row.contains(document.activeElement);
      if (!(await this.onComplete(upload, row))) this.#remove(upload, row);
      if (focused && !row.isConnected) this.options.input.focus();
      this.say(text("wasUploaded", { name: upload.name }));
    } catch (error) {
      this.#explain(upload, row, error);
    }
    this.#running -= 1;
    if (!this.isBusy) this.#batch.clear();
    this.#show(upload, row);
    this.#next();
  }

  #explain(upload, row, error) {
    if (["paused", "cancelled"].includes(upload.state)) return;
    if (!(error instanceof UploadError)) {
      console.error(error);
      error = new UploadError(text("failed"), { retry: true });
    }
    this.#fail(upload, row, error);
  }

  #fail(upload, row, error) {
    upload.state = "failed";
    upload.error = error;
    this.#show(upload, row);
    this.say(text("wasNotUploaded", { name: upload.name, reason: error.message }));
  }

  #cancel(upload, row) {
    const failed = upload.state === "failed";
    this.#waiting = this.#waiting.filter(([other]) => other !== upload);
    upload.cancel().catch(() => {}); // sweepmedia removes what is left.
    this.#remove(upload, row);
    this.onChange(upload);
    if (!failed) this.say(text("wasCancelled", { name: upload.name }));
    this.options.input.focus();
  }

  #remove(upload, row) {
    this.uploads.delete(upload);
    row.remove();
  }

  #show(upload, row) {
    const { state, error, sent, file } = upload;
    const part = state === "failed" || !file.size ? 0 : sent / file.size;
    row.className = state;
    row.dataset.token = upload.token ?? "";
    const bar = row.querySelector("progress");
    bar.value = part;
    bar.hidden = state === "failed";
    const pausable = state === "sending" && upload.ticket?.part_bytes;
    row.querySelector(".pause").hidden = !pausable;
    row.querySelector(".resume").hidden = state !== "paused";
    row.querySelector(".retry").hidden = !(state === "failed" && error?.retry);
    const cancel = row.querySelector(".cancel");
    cancel.textContent = text({ failed: "dismiss", complete: "remove" }[state] ?? "cancel");
    labelButton(cancel, file.name);
    row.querySelector(".state").textContent = upload.trouble
      ? text("tryingAgain", { reason: upload.trouble })
      : describe(upload, part);
    this.#summarize();
    this.onChange(upload);
  }

  #summarize() {
    const all = [...this.#batch];
    const done = all.filter(({ state }) => state !== "paused" && !UNDER_WAY.includes(state));
    const numbers = { done: formatNumber(done.length), all: formatNumber(all.length) };
    this.summary.textContent = all.length > 1 ? text("done", numbers) : "";
  }
}

function describe(upload, part) {
  const { state, error, sent, file, secondsLeft } = upload;
  if (state === "failed") return error?.message ?? text("failed");
  const numbers = {
    sent: formatBytes(sent),
    size: formatBytes(file.size),
    percent: formatPercent(part),
  };
  if (state === "paused") return text("paused", numbers);
  if (state === "complete") return text("complete", numbers);
  if (state !== "sending") return text(state);
  if (part >= 1) return text("checking");
  if (secondsLeft === null) return text("sending", numbers);
  return text("sendingFor", { ...numbers, time: formatSeconds(secondsLeft) });
}

// A button says to screen readers which file it is for.
function labelButton(button, name) {
  button.setAttribute("aria-label", text("buttonLabel", { action: button.textContent, name }));
}

// How a file that is chosen again is recognized.
function fileKey({ name, size, modified, lastModified = modified }) {
  return `${name}:${size}:${lastModified}`;
}

// Whether a file is of a kind that an input's `accept` names: ".pdf", "image/*" or "image/png".
// Of a type that the browser does not know, the server decides.
function fits({ name, type }, accepted) {
  if (accepted.startsWith(".")) return name.toLowerCase().endsWith(accepted);
  return !type || type === accepted || (accepted.endsWith("/*") && type.startsWith(accepted.slice(0, -1)));
}
