// A model in ONNX's format: y is x.
const MODEL = "CAc6NwoQCgF4EgF5IghJZGVudGl0eRIBZ1oPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCBAoAEA0=";
ort.env.wasm.wasmPaths = document.querySelector("main").dataset.folder;
ort.env.wasm.numThreads = 1;
const model = Uint8Array.from(atob(MODEL), (character) => character.charCodeAt(0));
ort.InferenceSession.create(model, { executionProviders: ["wasm"] })
  .then((session) => session.run({ x: new ort.Tensor("float32", [42], [1]) }))
  .then(({ y }) => {
    document.body.dataset.ready = y.data[0] === 42 ? "yes" : "no";
  });
