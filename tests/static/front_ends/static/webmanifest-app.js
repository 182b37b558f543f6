// Chromium reads the manifest only when the test asks for it.
document.body.dataset.ready = "yes";
