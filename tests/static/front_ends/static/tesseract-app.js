const { worker, core, language } = document.querySelector("main").dataset;
const canvas = document.createElement("canvas");
canvas.width = 300;
const context = canvas.getContext("2d");
context.fillStyle = "white";
context.fillRect(0, 0, 300, 150);
context.fillStyle = "black";
context.font = "48px sans-serif";
context.fillText("Hello", 50, 90);
Tesseract.createWorker("eng", 1, { workerPath: worker, corePath: core, langPath: language })
  .then((reader) => reader.recognize(canvas))
  .then(({ data }) => {
    document.body.dataset.ready = data.text.trim() === "Hello" ? "yes" : data.text;
  });
