import "./main.css";

import("./later.js").then(({ text }) => {
  document.body.dataset.later = text;
});
