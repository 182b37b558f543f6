// A list of uploads as a person sees it: progress, pause, resume, retry, cancel.
//
// The rows are copies of a <template data-row> (s3files/row.html); `queue.add(file)`
// begins one. `onComplete(upload, row)` is called when the server has looked at a file;
// the row goes away unless it returns true.

import { Upload, UploadError, isHeld, listHeld, makeThumbnail } from "./upload.js";

const FILES_IN_PARALLEL = 3;

export class Queue {
  #waiting = [];
  #running = 0;
  #unfinished = new Map(); // "name:size:modified" → row of an upload of an earlier visit

  // `list`: a <ul>; `template`: the <template>; `status`: an element with role=status.
  constructor({ list, template, status, server, options, onComplete }) {
    Object.assign(this, { list, template, status, server, options, onComplete });
    addEventListener("beforeunload", (event) => {
      if (this.#running) event.preventDefault();
    });
  }

  add(file) {
    const key = `${file.name}:${file.size}:${file.lastModified}`;
    const found = this.#unfinished.get(key);
    this.#unfinished.delete(key);
    const row = found?.row ?? this.#makeRow(file.name);
    const { completes, thumbnailBytes } = this.options;
    const thumbnail = makeThumbnail(file, thumbnailBytes);
    const upload = new Upload(file, this.server, { thumbnail, known: found?.known, completes });
    this.#connect(upload, row);
    const problem = this.#refuse(file);
    if (problem) {
      upload.error = new UploadError(problem);
      upload.state = "failed";
      this.#show(upload, row);
      this.say(`${file.name}: ${problem}`);
    } else {
      this.#start(upload, row);
    }
    return upload;
  }

  // Show what an earlier visit, or a lost line, left unfinished.
  async showUnfinished(wanted = () => true) {
    let uploads, held;
    try {
      [uploads, held] = await Promise.all([this.server.listUnfinished(), listHeld()]);
    } catch {
      return; // Nothing is lost: the next visit shows them.
    }
    for (const known of uploads.filter((one) => wanted(one) && !isHeld(held, one))) {
      if (known.state === "reserved") this.#offer(known);
      else this.#goOn(known);
    }
  }

  // For screen readers.
  say(text) {
    this.status.textContent = text;
  }

  // The browser cannot read the file again by itself: its person chooses it again.
  #offer(known) {
    const row = this.#makeRow(known.name);
    this.#unfinished.set(`${known.name}:${known.size}:${known.modified}`, { known, row });
    row.classList.add("unfinished");
    row.querySelector("progress").hidden = true;
    row.querySelector(".state").textContent = "Not finished. Choose the file again to go on.";
    row.querySelector(".cancel").onclick = () => this.#discard(known, row);
  }

  // S3 has all of it: only the rest of the way is missing.
  #goOn(known) {
    const row = this.#makeRow(known.name);
    const file = { name: known.name, size: known.size, lastModified: known.modified };
    const upload = new Upload(file, this.server, { known, completes: this.options.completes });
    this.#connect(upload, row);
    this.#start(upload, row);
  }

  async #discard(known, row) {
    row.remove();
    this.#unfinished.delete(`${known.name}:${known.size}:${known.modified}`);
    this.say(`${known.name}: cancelled.`);
    await this.server.post("cancel", { token: known.token }).catch(() => {});
  }

  #makeRow(name) {
    const row = this.template.content.firstElementChild.cloneNode(true);
    row.querySelector(".name").textContent = name;
    row.querySelector("progress").setAttribute("aria-label", name);
    for (const button of row.querySelectorAll("button")) {
      button.setAttribute("aria-label", `${button.textContent} ${name}`);
    }
    this.list.append(row);
    return row;
  }

  #connect(upload, row) {
    row.classList.remove("unfinished");
    const on = (name, action) => (row.querySelector(name).onclick = action);
    on(".pause", () => {
      upload.pause();
      row.querySelector(".resume").focus();
    });
    on(".resume", () => {
      this.#start(upload, row);
      row.querySelector(".cancel").focus();
    });
    on(".retry", () => {
      this.#start(upload, row);
      row.querySelector(".cancel").focus();
    });
    on(".cancel", () => this.#cancel(upload, row));
    upload.addEventListener("change", () => this.#show(upload, row));
  }

  // The same rules as the server's and S3's, told at once.
  #refuse(file) {
    const { accept, maxBytes, maxText } = this.options;
    const extension = file.name.match(/\.\w+$/)?.[0].toLowerCase();
    if (accept && !accept.split(",").includes(extension)) {
      return "Files of this type are not accepted.";
    }
    if (file.size > maxBytes) return `Too large: the most is ${maxText}.`;
    if (!file.size) return "The file is empty.";
  }

  #start(upload, row) {
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
      if (!(await this.onComplete(upload, row))) row.remove();
      if (focused && !row.isConnected) this.options.input.focus();
      this.say(`${upload.name} is uploaded.`);
    } catch (error) {
      this.#explain(upload, row, error);
    }
    this.#running -= 1;
    this.#next();
  }

  #explain(upload, row, error) {
    if (["paused", "cancelled"].includes(upload.state)) return;
    if (!(error instanceof UploadError)) {
      console.error(error);
      error = new UploadError("Something went wrong.", { retry: true });
    }
    upload.state = "failed";
    upload.error = error;
    this.#show(upload, row);
    this.say(`${upload.name}: ${error.message}`);
  }

  #cancel(upload, row) {
    const failed = upload.state === "failed";
    this.#waiting = this.#waiting.filter(([other]) => other !== upload);
    upload.cancel().catch(() => {}); // sweepmedia removes what is left.
    row.remove();
    if (!failed) this.say(`${upload.name}: cancelled.`);
    this.options.input.focus();
  }

  #show(upload, row) {
    const { state, error, sent, file } = upload;
    const part = state === "failed" || !file.size ? 0 : sent / file.size;
    row.className = state;
    const bar = row.querySelector("progress");
    bar.value = part;
    bar.hidden = state === "failed";
    const pausable = state === "sending" && upload.ticket?.part_bytes;
    row.querySelector(".pause").hidden = !pausable;
    row.querySelector(".resume").hidden = state !== "paused";
    row.querySelector(".retry").hidden = !(state === "failed" && error?.retry);
    const cancel = row.querySelector(".cancel");
    cancel.textContent = state === "failed" ? "Dismiss" : "Cancel";
    cancel.setAttribute("aria-label", `${cancel.textContent} ${file.name}`);
    row.querySelector(".state").textContent = upload.trouble
      ? `${upload.trouble} Trying again.`
      : this.#describe(state, part, error);
  }

  #describe(state, part, error) {
    const percent = `${Math.floor(part * 100)}%`;
    if (state === "failed") return error?.message ?? "Something went wrong.";
    if (state === "paused") return `Paused at ${percent}`;
    if (state === "sending") return part < 1 ? percent : "Checking";
    return {
      waiting: "Waiting",
      checking: "Checking",
      processing: "Processing",
      complete: "Uploaded",
      cancelled: "Cancelled",
    }[state];
  }
}
