// What this tab remembers: which upload it began on which page, in which input, for which object.
//
// sessionStorage survives a reload, back and forward. It is copied with the tab, so the tab that
// it belongs to holds a lock; a copy finds the lock taken, and begins with no memory. Browsers
// have locks on https: pages and on localhost alone: elsewhere nothing is remembered.

const PREFIX = "s3files:place:";
const TAB = "s3files:tab";
// A page that is being left gives its lock up a moment later; the waits are 0.1 s.
const TRIES = 6;

let release = () => {};
let memory = own();
addEventListener("pagehide", () => release());
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) memory = own();
});

export const currentPage = () => location.pathname + location.search;

// Wait until it is known whether the memory is this tab's own.
export const ready = () => memory;

export function recall(token) {
  return sessionStorage.getItem(PREFIX + token);
}

export async function remember(token, place) {
  await memory;
  sessionStorage.setItem(PREFIX + token, place);
}

export function forget(token) {
  sessionStorage.removeItem(PREFIX + token);
}

async function own() {
  const tab = sessionStorage.getItem(TAB);
  if (tab && (await hold(tab))) return;
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
  }
  const fresh = `${Date.now()}:${Math.random()}`;
  sessionStorage.setItem(TAB, fresh);
  await hold(fresh);
}

// Hold a tab's lock until the page is left; false: another tab has it, or there are no locks.
async function hold(tab) {
  if (!navigator.locks) return false;
  for (let tried = 1; ; tried += 1) {
    if (await take(tab)) return true;
    if (tried === TRIES) return false;
    await new Promise((done) => setTimeout(done, 100));
  }
}

function take(tab) {
  return new Promise((resolve) => {
    navigator.locks.request(`${TAB}:${tab}`, { ifAvailable: true }, (lock) => {
      resolve(Boolean(lock));
      return lock && new Promise((done) => (release = done));
    });
  });
}
