// Sends files straight to S3 and shows the progress of each one.
//
// Without this script the form works too: the files then go through Django.

import { Queue } from "../s3files/queue.js";
import { text } from "../s3files/texts.js";
import {
  Server,
  UploadError,
  isHeld,
  listHeld,
  retrying,
  serverError,
  wait,
} from "../s3files/upload.js";

const form = document.querySelector("#upload");
const input = form.querySelector("input[type=file]");
const files = document.querySelector("#files");
const csrfToken = form.csrfmiddlewaretoken.value;

const server = new Server(form.dataset.steps, form.dataset.target, csrfToken);
const queue = new Queue({
  list: document.querySelector("#queue"),
  template: document.querySelector("template[data-row]"),
  status: document.querySelector("#status"),
  summary: document.querySelector("#summary"),
  server,
  options: {
    input,
    accept: input.accept,
    maxBytes: Number(form.dataset.maxBytes),
    thumbnailBytes: Number(form.dataset.thumbnailBytes),
    completes: false, // record() has the server check the file.
  },
  onComplete: record,
});

// The file is on S3: create its row, as the form does without JavaScript.
async function record(upload) {
  let answer;
  show(upload, "checking");
  while (!(answer = await retrying(() => post(upload.token))).html) {
    show(upload, "processing"); // finishuploads copies a large file to its final key.
    await wait(3000);
  }
  const list = document.createElement("template");
  list.innerHTML = answer.html;
  for (const row of list.content.querySelectorAll("li")) {
    files.querySelector(`[data-id="${row.dataset.id}"]`)?.remove();
    files.prepend(row);
  }
}

function show(upload, state) {
  upload.state = state;
  upload.dispatchEvent(new Event("change"));
}

async function post(token) {
  let response, answer;
  try {
    response = await fetch(form.action, {
      method: "POST",
      body: new URLSearchParams({ "files-upload": token }),
      headers: { Accept: "application/json", "X-CSRFToken": csrfToken },
    });
    answer = response.headers.get("Content-Type")?.startsWith("application/json")
      ? await response.json()
      : {};
  } catch {
    throw new UploadError(text("lost"), { retry: true });
  }
  if (response.redirected) throw new UploadError(text("reload")); // To the page for signing in.
  if (!response.ok) throw serverError(response, answer);
  return answer;
}

// Show all unfinished uploads, also those that began in another browser.
async function resumeUnfinished() {
  let list, held;
  try {
    [[list], held] = await Promise.all([server.listUnfinished(), listHeld()]);
  } catch {
    return; // Nothing is lost: the next visit shows them.
  }
  for (const known of list) if (!isHeld(held, known)) queue.resume(known);
}

// --- The page -------------------------------------------------------------

input.addEventListener("change", () => {
  for (const file of input.files) queue.add(file);
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
  for (const file of event.dataTransfer.files) queue.add(file);
});

document.documentElement.classList.add("direct");
resumeUnfinished();
