// Visit the page once more, and say how its progress bar is placed.
document.addEventListener("turbo:load", () => Turbo.visit("/"), { once: true });
document.addEventListener("turbo:render", () => {
  const bar = document.createElement("div");
  bar.className = "turbo-progress-bar";
  document.body.append(bar);
  document.body.dataset.bar = getComputedStyle(bar).position;
});
