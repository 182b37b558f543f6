import * as pdfjs from "./pdfjs/pdf.min.mjs";

const canvas = document.querySelector("canvas");
pdfjs.GlobalWorkerOptions.workerSrc = canvas.dataset.worker;
const pdf = await pdfjs.getDocument({ data: atob(canvas.dataset.pdf) }).promise;
const page = await pdf.getPage(1);
const viewport = page.getViewport({ scale: 1 });
await page.render({ canvas, viewport }).promise;
const content = await page.getTextContent();
canvas.dataset.text = content.items.map((item) => item.str).join("");
