import * as monaco from "monaco-editor";
import workerUrl from "monaco-editor/editor/editor.worker.js?worker&url";

// A worker must be of the page's origin: one of a blob: imports the one of the bucket.
const url = new URL(workerUrl, import.meta.url);
const code = new Blob([`import ${JSON.stringify(url.href)};`], { type: "text/javascript" });
window.MonacoEnvironment = {
  getWorker: () => new Worker(URL.createObjectURL(code), { type: "module" }),
};
window.editor = monaco.editor.create(document.getElementById("editor"), {
  value: "x = 1",
  language: "python",
});
