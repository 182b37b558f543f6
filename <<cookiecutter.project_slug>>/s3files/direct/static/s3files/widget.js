// Makes the file inputs of s3files/direct/forms.py send their files straight to S3.
//
// What the form then posts is a token for each file, in a hidden input.

import { Queue } from "./queue.js";
import { Server } from "./upload.js";

for (const widget of document.querySelectorAll("[data-s3files]")) enhance(widget);

// Inlines that the admin adds later.
document.addEventListener("formset:added", ({ target }) => {
  for (const widget of target.querySelectorAll?.("[data-s3files]") ?? []) enhance(widget);
});

function enhance(widget) {
  if (widget.dataset.enhanced || widget.closest(".empty-form")) return;
  widget.dataset.enhanced = "";
  const input = widget.querySelector("input[type=file]");
  const { form } = input;
  const list = widget.querySelector("[data-queue]");
  const { url, target, maxBytes, thumbnailBytes } = widget.dataset;
  const multiple = "multiple" in widget.dataset;
  const csrfToken = form.querySelector("[name=csrfmiddlewaretoken]")?.value;
  const under_way = new Set();

  const queue = new Queue({
    list,
    template: widget.querySelector("[data-row]"),
    status: widget.querySelector("[data-status]"),
    server: new Server(url, target, csrfToken),
    options: {
      input,
      accept: input.accept,
      maxBytes: Number(maxBytes),
      maxText: readableBytes(Number(maxBytes)),
      thumbnailBytes: Number(thumbnailBytes),
    },
    onComplete(upload, row) {
      under_way.delete(upload);
      const field = document.createElement("input");
      field.type = "hidden";
      field.name = input.name + "-upload";
      field.value = upload.token;
      row.append(field);
      row.dataset.token = upload.token;
      updateRequired();
      return true;
    },
  });

  // A token stands for the file, so the input itself is not required any more.
  const required = input.required;
  function updateRequired() {
    input.required = required && !list.querySelector("input[type=hidden]") && !under_way.size;
  }

  input.addEventListener("change", () => {
    if (!multiple) for (const row of [...list.children]) row.querySelector(".cancel").click();
    for (const file of input.files) {
      const upload = queue.add(file);
      under_way.add(upload);
      upload.addEventListener("change", () => {
        if (["failed", "cancelled", "complete"].includes(upload.state)) under_way.delete(upload);
        updateRequired();
      });
    }
    input.value = ""; // The form posts tokens, not the bytes once more.
    updateRequired();
  });

  // What the form had when it was shown again.
  for (const row of list.querySelectorAll("li[data-token]")) {
    row.querySelector(".cancel").onclick = () => {
      row.remove();
      updateRequired();
      input.focus();
    };
  }
  updateRequired();
  // Those that are complete may belong to the form of another tab.
  queue.showUnfinished((known) => known.state !== "complete");

  form.addEventListener("submit", (event) => {
    if (!under_way.size) return;
    event.preventDefault();
    queue.say("Please wait until the files are uploaded.");
    input.focus();
  });
}

// As Django's filesizeformat.
function readableBytes(bytes) {
  const units = ["bytes", "KB", "MB", "GB", "TB", "PB"];
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), 5);
  return `${(bytes / 1024 ** power).toFixed(power ? 1 : 0)} ${units[power]}`;
}
