await customElements.whenDefined("wa-checkbox");
const box = document.querySelector("wa-checkbox");
await box.updateComplete;
const icon = box.shadowRoot.querySelector("wa-icon");
// An icon is drawn when its file is there.
icon.addEventListener("wa-load", () => {
  document.body.dataset.ready = "yes";
});
