const indexURL = document.querySelector("main").dataset.folder;
loadPyodide({ indexURL }).then((python) => {
  document.body.dataset.ready = python.runPython("6 * 7") === 42 ? "yes" : "no";
});
