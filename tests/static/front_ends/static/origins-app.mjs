const { dataset } = document.body;
const { script } = dataset;

function startWorker(name, url) {
  try {
    const worker = new Worker(url, { type: "module" });
    worker.onmessage = ({ data }) => {
      dataset[name] = data;
    };
  } catch (error) {
    dataset[name] = error.name;
  }
}

async function startServiceWorker(name, url) {
  try {
    await navigator.serviceWorker.register(url);
    dataset[name] = "works";
  } catch (error) {
    dataset[name] = error.name;
  }
}

startWorker("worker", script);
const code = new Blob([`import ${JSON.stringify(script)};`], { type: "text/javascript" });
startWorker("workerOfBlob", URL.createObjectURL(code));
await startServiceWorker("serviceWorker", script);
await startServiceWorker("serviceWorkerOfView", "/service-worker.js");
for (const name of ["bucket", "page"]) {
  const symbol = document.querySelector(`#of-the-${name} use`);
  dataset[`${name}Symbol`] = symbol.getBBox().width > 0 ? "works" : "nothing";
}
dataset.image = document.querySelector("img").naturalWidth > 0 ? "works" : "nothing";
dataset.ready = "yes";
