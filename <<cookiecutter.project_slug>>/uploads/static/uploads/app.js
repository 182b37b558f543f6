// Sends files straight to S3 and shows how far each one is.
//
// Without this script the form works too: the files then go through Django.

const PARALLEL = 3;

const form = document.querySelector("#upload");
const input = form.querySelector("input[type=file]");
const queue = document.querySelector("#queue");
const files = document.querySelector("#files");
const status = document.querySelector("#status");
const dialog = document.querySelector("#confirm");

const waiting = [];
let running = 0;

// An error with words for the user; `retry` where trying again may help.
class UploadError extends Error {
  constructor(message, retry = false) {
    super(message);
    this.retry = retry;
  }
}

const LOST = "The connection was lost.";

// --- The server -----------------------------------------------------------

// POST to Django; returns what its JSON says.
async function post(url, data, signal) {
  let response, answer;
  try {
    response = await fetch(url, {
      method: "POST",
      body: new URLSearchParams(data),
      headers: { "X-CSRFToken": form.csrfmiddlewaretoken.value },
      signal,
    });
    answer = response.headers.get("Content-Type")?.startsWith("application/json")
      ? await response.json()
      : {};
  } catch (error) {
    if (signal.aborted) throw error;
    throw new UploadError(LOST, true);
  }
  if (response.ok) return answer;
  const retry = response.status === 429 || response.status >= 500;
  throw Object.assign(
    new UploadError(answer.error ?? `The server answered with error ${response.status}.`, retry),
    { status: response.status },
  );
}

// POST the file to S3. Not fetch(): only XMLHttpRequest tells how far it is.
function send(file, ticket, signal, onprogress) {
  const body = new FormData();
  for (const [name, value] of Object.entries(ticket.fields)) body.append(name, value);
  body.append("file", file); // S3 wants it last.
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    signal.addEventListener("abort", () => request.abort());
    request.upload.onprogress = (event) => onprogress(event.loaded / event.total);
    request.onload = () => (request.status < 300 ? resolve() : reject(refusal(request)));
    request.onerror = () => reject(new UploadError(LOST, true));
    request.onabort = () => reject(signal.reason);
    request.open("POST", ticket.url);
    request.send(body);
  });
}

// What S3 means ("Amazon S3 error responses"), in the user's words.
function refusal(request) {
  const code = request.responseText.match(/<Code>(\w+)<\/Code>/)?.[1];
  if (code === "EntityTooLarge") return new UploadError("The file is larger than was announced.");
  if (code === "EntityTooSmall") return new UploadError("The file is smaller than was announced.");
  if (/expired/i.test(request.responseText)) {
    return new UploadError("The permission to upload has expired.", true);
  }
  if (request.status === 403) return new UploadError("The storage does not allow this upload.");
  return new UploadError(`The storage answered with error ${code ?? request.status}.`, true);
}

// --- One upload -----------------------------------------------------------

function add(file) {
  const row = document.querySelector("#row").content.firstElementChild.cloneNode(true);
  const upload = { file, row };
  row.querySelector(".name").textContent = file.name;
  row.querySelector("progress").setAttribute("aria-label", file.name);
  const retry = row.querySelector(".retry");
  const cancel = row.querySelector(".cancel");
  retry.setAttribute("aria-label", `Retry ${file.name}`);
  cancel.setAttribute("aria-label", `Cancel ${file.name}`);
  retry.onclick = () => {
    cancel.focus();
    start(upload);
  };
  cancel.onclick = () => {
    if (!row.classList.contains("failed")) say(`${file.name}: cancelled.`);
    upload.controller?.abort();
    remove(upload);
    input.focus();
  };
  queue.append(row);
  const problem = refuse(file);
  if (problem) fail(upload, new UploadError(problem));
  else start(upload);
}

// The same rules as the server's and S3's, told at once.
function refuse(file) {
  const extension = file.name.match(/\.\w+$/)?.[0].toLowerCase();
  if (!input.accept.split(",").includes(extension)) return "Files of this type are not accepted.";
  if (file.size > form.dataset.max) return `Too large: the most is ${form.dataset.maxText}.`;
  if (!file.size) return "The file is empty.";
}

function start(upload) {
  upload.row.classList.remove("failed");
  upload.row.querySelector(".retry").hidden = true;
  upload.row.querySelector(".cancel").textContent = "Cancel";
  show(upload, 0, "Waiting");
  waiting.push(upload);
  next();
}

async function next() {
  if (running >= PARALLEL || !waiting.length) return;
  const upload = waiting.shift();
  running += 1;
  try {
    await run(upload);
  } catch (error) {
    if (!upload.controller.signal.aborted) fail(upload, error);
  }
  running -= 1;
  next();
}

async function run(upload) {
  const { file } = upload;
  upload.controller = new AbortController();
  const { signal } = upload.controller;
  // A retry does not send again what S3 has already.
  if (!upload.arrived) {
    const ticket = await post(form.dataset.sign, { name: file.name, size: file.size }, signal);
    await send(file, ticket, signal, (part) => {
      show(upload, part, part < 1 ? `${Math.floor(part * 100)}%` : "Checking");
    });
    upload.arrived = ticket.token;
  }
  show(upload, 1, "Checking");
  try {
    const { html } = await post(form.dataset.complete, { token: upload.arrived }, signal);
    files.insertAdjacentHTML("afterbegin", html);
  } catch (error) {
    if (error.status !== 409) throw error;
    // Finished before: only the answer was lost. The server's list has it.
    const page = await (await fetch(location.href)).text();
    const list = new DOMParser().parseFromString(page, "text/html").querySelector("#files");
    files.replaceChildren(...list.children);
  }
  remove(upload);
  say(`${file.name} is uploaded.`);
}

function show(upload, part, text) {
  upload.row.querySelector("progress").value = part;
  upload.row.querySelector(".state").textContent = text;
}

function fail(upload, error) {
  if (!(error instanceof UploadError)) console.error(error);
  const text = error instanceof UploadError ? error.message : "Something went wrong.";
  show(upload, 0, text);
  upload.row.classList.add("failed");
  upload.row.querySelector(".retry").hidden = !error.retry;
  upload.row.querySelector(".cancel").textContent = "Dismiss";
  upload.row.querySelector(".cancel").setAttribute("aria-label", `Dismiss ${upload.file.name}`);
  say(`${upload.file.name}: ${text}`);
}

function remove(upload) {
  const place = waiting.indexOf(upload);
  if (place >= 0) waiting.splice(place, 1);
  upload.row.remove();
}

// For screen readers.
function say(text) {
  status.textContent = text;
}

// --- The page -------------------------------------------------------------

input.addEventListener("change", () => {
  [...input.files].forEach(add);
  input.value = ""; // So that the same file can be chosen again.
});

// Anywhere on the page: a file dropped beside the field would replace the page.
const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
document.addEventListener("dragover", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  document.body.classList.add("over");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.body.classList.remove("over");
});
document.addEventListener("drop", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  document.body.classList.remove("over");
  [...event.dataTransfer.files].forEach(add);
});

window.addEventListener("beforeunload", (event) => {
  if (running) event.preventDefault();
});

files.addEventListener("click", (event) => {
  const link = event.target.closest(".delete");
  if (!link) return;
  event.preventDefault();
  dialog.querySelector("form").action = link.href;
  dialog.querySelector(".name").textContent =
    link.closest("li").querySelector(".name").textContent;
  dialog.showModal();
});

document.documentElement.classList.add("js");
