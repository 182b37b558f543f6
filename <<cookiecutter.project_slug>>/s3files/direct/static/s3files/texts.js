// What the page says, in its language: the words come with the page (s3files/row.html), so that
// gettext translates them. Sizes and numbers are written as Django writes them.

const texts = new Map();
const sizes = new Map(); // a number of bytes → how Django's filesizeformat writes it
let language;

// Read the words of a <template data-row>.
export function readTexts(template) {
  language = template.lang || undefined;
  for (const one of template.content.querySelectorAll("[data-text]")) {
    texts.set(one.dataset.text, one.textContent);
  }
  for (const one of template.content.querySelectorAll("[data-size]")) {
    sizes.set(Number(one.dataset.size), one.textContent);
  }
}

// The text of this key; "{name}" in it stands for `values.name`.
export function text(key, values = {}) {
  return texts.get(key).replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

// Put a number into what Django wrote, so that the sizes of a page look alike.
export function formatBytes(bytes) {
  const unit = [...sizes.keys()].findLast((size) => size >= 1024 && size <= bytes);
  if (!unit) return sizes.get(findSamePlural(bytes)).replace(/\d+/, bytes);
  const number = ONE_DIGIT.format(bytes / unit);
  return sizes.get(unit).replace(/\d(\D)\d/, (_, point) => number.replace(".", point));
}

// Rounded as Python rounds.
const ONE_DIGIT = new Intl.NumberFormat("en", {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
  roundingMode: "halfEven",
  useGrouping: false,
});

function findSamePlural(number) {
  const rules = new Intl.PluralRules(language);
  return [...sizes.keys()].find((size) => rules.select(size) === rules.select(number)) ?? 100;
}

export function formatPercent(part) {
  return formatNumber(Math.floor(part * 100) / 100, { style: "percent" });
}

export function formatSeconds(seconds) {
  if (seconds < 60) return formatUnit(Math.max(1, Math.round(seconds)), "second");
  if (seconds < 5400) return formatUnit(Math.round(seconds / 60), "minute");
  return formatUnit(Math.round(seconds / 3600), "hour");
}

// With Django's digits, which are the same in every language.
export function formatNumber(number, options = {}) {
  return new Intl.NumberFormat(language, { numberingSystem: "latn", ...options }).format(number);
}

function formatUnit(number, unit) {
  return formatNumber(number, { style: "unit", unit, unitDisplay: "long" });
}
