// What the page says, in its language: the words come with the page (s3files/row.html), so that
// gettext translates them; numbers are written as the browser writes them in that language.

const texts = new Map();

// Read the words of a <template data-row>.
export function readTexts(template) {
  for (const one of template.content.querySelectorAll("[data-text]")) {
    texts.set(one.dataset.text, one.textContent);
  }
}

// The text of this key; "{name}" in it stands for `values.name`.
export function text(key, values = {}) {
  return texts.get(key).replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte"];

// Powers of 1024, as Django's filesizeformat has them.
export function formatBytes(bytes) {
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), UNITS.length - 1);
  const digits = { minimumFractionDigits: power ? 1 : 0, maximumFractionDigits: power ? 1 : 0 };
  return formatUnit(bytes / 1024 ** power, UNITS[power], power ? "short" : "long", digits);
}

export function formatPercent(part) {
  return new Intl.NumberFormat(language(), { style: "percent" }).format(Math.floor(part * 100) / 100);
}

export function formatSeconds(seconds) {
  if (seconds < 60) return formatUnit(Math.max(1, Math.round(seconds)), "second");
  if (seconds < 5400) return formatUnit(Math.round(seconds / 60), "minute");
  return formatUnit(Math.round(seconds / 3600), "hour");
}

export function formatNumber(number) {
  return new Intl.NumberFormat(language()).format(number);
}

function formatUnit(number, unit, unitDisplay = "long", options = {}) {
  const all = { style: "unit", unit, unitDisplay, ...options };
  return new Intl.NumberFormat(language(), all).format(number);
}

function language() {
  return document.documentElement.lang || undefined;
}
