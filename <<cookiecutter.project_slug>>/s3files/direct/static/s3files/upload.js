// Sends one file straight to S3: in one PUT, or in parts that go on where they stopped.
//
// An Upload is an EventTarget; "change" says that `state`, `sent` or `error` did.
//
//   const upload = new Upload(file, new Server("/s3files/uploads/", target, csrfToken));
//   upload.addEventListener("change", () => show(upload.state, upload.sent / file.size));
//   const token = await upload.start();   // what the form posts in place of the file

import { md5 } from "./md5.js";
import { text } from "./texts.js";

const PARTS_IN_PARALLEL = 4;
// How long one request is tried again before the user is asked: longer than a server that died
// while it checked the file keeps others from it (LEASE in completing.py). The waits double.
const PATIENCE = 150_000;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;
const POLL_EVERY = 3_000;

// An error with words for the user; `retry` where the same may work in a moment.
export class UploadError extends Error {
  constructor(message, { retry = false, status = 0 } = {}) {
    super(message);
    this.retry = retry;
    this.status = status;
  }
}

// --- Django ----------------------------------------------------------------

export class Server {
  // `url` ends with a slash; `target` says into which field of which object, and is signed.
  constructor(url, target, csrfToken) {
    Object.assign(this, { url, target, csrfToken });
  }

  async post(step, data, signal) {
    let response, answer;
    try {
      response = await fetch(`${this.url}${step}/`, {
        method: "POST",
        body: JSON.stringify({ target: this.target, ...data }),
        headers: { "Content-Type": "application/json", "X-CSRFToken": this.csrfToken },
        signal,
      });
      const isJSON = response.headers.get("Content-Type")?.startsWith("application/json");
      answer = isJSON ? await response.json() : {};
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new UploadError(text("lost"), { retry: true });
    }
    if (response.ok) return answer;
    throw serverError(response, answer);
  }

  // What was begun and not finished, in this browser or another: a list for each target.
  async listUnfinished(targets = [this.target]) {
    return (await this.post("list", { targets })).lists;
  }
}

// What Django's answer means to the user. A 403 that is not JSON is a session or a form that ended.
export function serverError({ status }, answer) {
  const message = status === 403 ? text("reload") : text("serverError", { status });
  return new UploadError(answer.error ?? message, { retry: answer.retry ?? status >= 500, status });
}

// --- S3 --------------------------------------------------------------------

// A bucket with Object Lock refuses what comes without a checksum ("PutObject"). Its first refusal
// says so; from then on, all that this page sends has one.
let needsChecksum = false;

async function put(url, headers, body, signal, onprogress) {
  if (!needsChecksum) {
    try {
      return await send(url, headers, body, signal, onprogress);
    } catch (error) {
      if (!error.asksForChecksum) throw error;
      needsChecksum = true;
    }
  }
  return send(url, { ...headers, "Content-MD5": await md5(body) }, body, signal, onprogress);
}

// Not fetch(): only XMLHttpRequest tells how far it is.
function send(url, headers, body, signal, onprogress = () => {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    request.upload.onprogress = (event) => onprogress(event.loaded);
    request.onload = () => (request.status < 300 ? resolve() : reject(refusal(request)));
    request.onerror = () => reject(new UploadError(text("lost"), { retry: true }));
    request.onabort = () => reject(signal.reason);
    request.onloadend = () => signal.removeEventListener("abort", abort);
    signal.throwIfAborted();
    signal.addEventListener("abort", abort);
    request.open("PUT", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.send(body);
  });
}

// What S3 means ("Amazon S3 error responses"), in the user's words.
function refusal({ status, responseText }) {
  const code = responseText.match(/<Code>(\w+)<\/Code>/)?.[1] ?? `error ${status}`;
  const error = new UploadError(text("storageError", { code }), {
    retry: status >= 500 || status === 408 || status === 409 || status === 429,
    status,
  });
  if (status === 403) error.message = text("notAllowed");
  if (status === 404) error.message = text("ended");
  // "Request has expired", "The provided token has expired".
  error.expired = status === 403 && /expired/i.test(responseText);
  if (error.expired) error.message = text("expired");
  error.exists = status === 412;
  error.asksForChecksum = status === 400 && /Content-MD5/i.test(responseText);
  return error;
}

// --- One upload ------------------------------------------------------------

export class Upload extends EventTarget {
  state = "waiting"; // sending, paused, checking, processing, complete, failed, cancelled
  sent = 0; // bytes
  error = null;
  trouble = ""; // why a request is tried again
  token = null;

  // `thumbnail`: a promise of a small picture (a Blob) or null.
  // `known`: what the server says of an upload that goes on.
  // `completes`: false where the form that gets the token has the server look at the file.
  constructor(file, server, { thumbnail = null, known = null, completes = true } = {}) {
    super();
    Object.assign(this, { file, server, thumbnail, completes });
    this.id = randomUUID();
    this.token = known?.token ?? null;
    this.arrived = known && known.state !== "reserved";
    this.resumes = Boolean(known);
  }

  get name() {
    return this.file.name;
  }

  // Send it, or go on; resolves to the token when S3 has the file and the server has looked at it.
  async start() {
    this.controller = new AbortController();
    const { signal } = this.controller;
    this.#set("sending", null);
    try {
      await this.#holdLock(signal, async () => {
        if (!this.arrived) await this.#send(signal);
        this.arrived = true;
        this.sent = this.file.size;
        if (this.completes) await this.#complete(signal);
      });
      this.#set("complete");
      return this.token;
    } catch (error) {
      if (this.state === "paused" || this.state === "cancelled") throw error;
      // Refused by the server: nothing is there any more, and a retry sends it anew.
      if (error.status === 410 || error.status === 422) this.#forget();
      this.#set("failed", error);
      throw error;
    }
  }

  // Seconds until it is sent, at the speed so far; null while that says little.
  get secondsLeft() {
    const seconds = (performance.now() - this.begun?.time) / 1000;
    const sent = this.sent - this.begun?.sent;
    return seconds > 2 && sent > 0 ? ((this.file.size - this.sent) * seconds) / sent : null;
  }

  // Stop sending; start() goes on with the parts that are missing.
  pause() {
    this.#set("paused");
    this.resumes = true;
    this.controller?.abort(new DOMException("paused", "AbortError"));
  }

  // Stop, and have the server remove what is there.
  async cancel() {
    this.#set("cancelled");
    this.controller?.abort(new DOMException("cancelled", "AbortError"));
    if (!this.token) return;
    await retrying(() => this.server.post("cancel", { token: this.token }));
  }

  #forget() {
    this.id = randomUUID();
    this.token = this.ticket = null;
    this.arrived = this.resumes = false;
  }

  #set(state, error = this.error) {
    this.state = state;
    this.error = error;
    this.#changed();
  }

  #changed(trouble = "") {
    this.trouble = trouble;
    if (this.state !== "sending" || trouble) this.begun = null;
    else this.begun ??= { time: performance.now(), sent: this.sent };
    this.dispatchEvent(new Event("change"));
  }

  #retrying(work, signal) {
    return retrying(work, signal, (error) => this.#changed(error.message));
  }

  // Other tabs see that this one is at work (`isHeld`).
  #holdLock(signal, work) {
    if (!navigator.locks) return work();
    return navigator.locks.request(lockName(this.file), { ifAvailable: true }, work);
  }

  async #send(signal) {
    let there = null;
    if (this.resumes && this.token) {
      const status = await this.#retrying(
        () => this.server.post("status", { token: this.token }, signal),
        signal,
      );
      if (["refused", "cancelled"].includes(status.state)) {
        this.#forget();
      } else if (status.state !== "reserved" || (status.in_parts && !status.parts)) {
        return; // It has arrived.
      } else if (status.in_parts) {
        there = new Set(status.parts);
        this.ticket = { ...status, parts: {} };
      }
    }
    if (!this.ticket) await this.#begin(signal);
    if (this.ticket.thumbnail) this.#sendThumbnail(signal);
    if (this.ticket.part_bytes) await this.#sendParts(there ?? new Set(), signal);
    else await this.#sendWhole(signal);
    await this.thumbnailSent;
  }

  async #begin(signal) {
    this.small = await this.thumbnail;
    const { name, size, lastModified: modified } = this.file;
    const thumbnail = this.small && { type: this.small.type, size: this.small.size };
    const utf8 = await isUTF8(this.file);
    const announced = { id: this.id, name, size, modified, thumbnail, utf8 };
    this.ticket = await this.#retrying(() => this.server.post("begin", announced, signal), signal);
    this.token = this.ticket.token;
  }

  // Beside the file, not before it; without one, the page shows an icon.
  #sendThumbnail(signal) {
    if (this.thumbnailSent || !this.small) return;
    const { url, headers } = this.ticket.thumbnail;
    this.thumbnailSent = put(url, headers, this.small, signal).catch((error) => {
      if (!signal.aborted && !error.exists) console.warn("The thumbnail was not sent.", error);
    });
  }

  async #sendWhole(signal) {
    await this.#retrying(async () => {
      try {
        const { url, headers } = this.ticket.put;
        await put(url, headers, this.file, signal, (sent) => {
          this.sent = Math.min(sent, this.file.size);
          this.#changed();
        });
      } catch (error) {
        if (error.exists) return; // An earlier try arrived; its answer was lost.
        if (error.expired) {
          this.ticket = await this.server.post("sign", { token: this.token }, signal);
          error.retry = true;
        }
        throw error;
      }
    }, signal);
  }

  async #sendParts(done, signal) {
    const { part_count: count, part_bytes: size } = this.ticket;
    const under_way = new Map(); // number → bytes sent
    const bytesOf = (number) => Math.min(size, this.file.size - (number - 1) * size);
    const report = () => {
      const whole = [...done].reduce((sum, number) => sum + bytesOf(number), 0);
      this.sent = [...under_way.values()].reduce((sum, bytes) => sum + bytes, whole);
      this.#changed();
    };
    report();
    const missing = [];
    for (let number = 1; number <= count; number += 1) if (!done.has(number)) missing.push(number);
    const work = async () => {
      while (missing.length) {
        const number = missing.shift();
        const from = (number - 1) * size;
        const body = this.file.slice(from, from + bytesOf(number));
        await this.#retrying(async () => {
          const url = await this.#urlOfPart(number, missing, signal);
          try {
            await put(url, {}, body, signal, (sent) => {
              under_way.set(number, Math.min(sent, body.size));
              report();
            });
          } catch (error) {
            under_way.delete(number);
            if (error.expired) {
              this.ticket.parts = {};
              error.retry = true;
            }
            throw error;
          }
        }, signal);
        under_way.delete(number);
        done.add(number);
        report();
      }
    };
    try {
      await Promise.all(Array.from({ length: PARTS_IN_PARALLEL }, work));
    } catch (error) {
      missing.length = 0; // The others end with the part that they are at.
      this.resumes = true;
      throw error;
    }
  }

  // URLs are signed for many parts at once.
  async #urlOfPart(number, missing, signal) {
    if (!this.ticket.parts[number]) {
      this.signing ??= this.server
        .post("sign", { token: this.token, parts: [number, ...missing.slice(0, 63)] }, signal)
        .then(({ parts }) => Object.assign(this.ticket.parts, parts))
        .finally(() => (this.signing = null));
      await this.signing;
    }
    const url = this.ticket.parts[number];
    if (!url) throw new UploadError(text("wrongParts"), { retry: true });
    return url;
  }

  async #complete(signal) {
    this.#set("checking");
    const ask = () => this.server.post("complete", { token: this.token }, signal);
    let { state } = await this.#retrying(ask, signal).catch((error) => {
      if (error.status === 409) {
        // S3 lacks parts that this page has sent.
        this.arrived = false;
        this.resumes = true;
        error.retry = true;
      }
      throw error;
    });
    while (state === "processing") {
      this.#set("processing");
      await wait(POLL_EVERY, signal);
      ({ state } = await this.#retrying(ask, signal));
    }
  }
}

// --- Helpers ---------------------------------------------------------------

// Try again after a while, longer each time; offline, when the line is back.
// `onRetry` is told why.
export async function retrying(work, signal, onRetry = () => {}) {
  const giveUpAt = performance.now() + PATIENCE;
  for (let tried = 1; ; tried += 1) {
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      if (!error.retry || performance.now() > giveUpAt) throw error;
      onRetry(error);
      if (navigator.onLine === false) await online(signal);
      const longest = Math.min(FIRST_WAIT * 2 ** (tried - 1), LONGEST_WAIT);
      await wait(longest * (0.5 + Math.random() / 2), signal);
    }
  }
}

export function wait(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

function online(signal) {
  return new Promise((resolve, reject) => {
    addEventListener("online", resolve, { once: true });
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

// crypto.randomUUID() is for https: pages and localhost alone.
function randomUUID() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Whether a file begins as text in UTF-8 does. A browser that shows it is told so.
async function isUTF8(file) {
  try {
    const head = await file.slice(0, 2 ** 18).arrayBuffer();
    new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: true });
    return true;
  } catch {
    return false;
  }
}

const lockName = ({ name, size, lastModified }) => `s3files:${name}:${size}:${lastModified}`;

// Names of the files that some tab is sending.
export async function listHeld() {
  if (!navigator.locks) return new Set();
  const { held } = await navigator.locks.query();
  return new Set(held.map((lock) => lock.name));
}

export function isHeld(held, { name, size, modified }) {
  return held.has(lockName({ name, size, lastModified: modified }));
}

// A picture's thumbnail: at most `maxBytes`, or null where the browser cannot make one.
export async function makeThumbnail(file, maxBytes, side = 400) {
  if (!maxBytes || !/\.(avif|bmp|gif|hei[cf]|jpe?g|png|webp)$/i.test(file.name)) return null;
  try {
    const full = await createImageBitmap(file);
    const scale = Math.min(1, side / Math.max(full.width, full.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(full.width * scale));
    canvas.height = Math.max(1, Math.round(full.height * scale));
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(full, 0, 0, canvas.width, canvas.height);
    full.close();
    for (const quality of [0.7, 0.5, 0.3]) {
      const encode = (type) => new Promise((done) => canvas.toBlob(done, type, quality));
      let blob = await encode("image/webp");
      // Browsers that cannot write WebP make a PNG of it.
      if (blob?.type !== "image/webp") blob = await encode("image/jpeg");
      if (blob && blob.size <= maxBytes) return blob;
    }
  } catch {
    // Not a picture after all, or of a kind that this browser cannot show.
  }
  return null;
}
