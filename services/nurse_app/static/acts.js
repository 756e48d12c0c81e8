/**
 * The one door through which acts leave the page.
 *
 * An act gets its id once, and keeps it until it was taken: a double tap, a retry and a reload all send the same act.
 */

const KEPT = "rounds-acts";

/** Send an act; returns the round's new HTML, or throws an Error whose message is a sentence for the nurse. */
export async function send(url, { visit, act, reason }) {
  const key = [visit, act, reason].join(":");
  const command = keep(key, { act_id: newId(), visit_id: visit, act, reason: reason ?? null, at: new Date().toISOString() });
  let reply;
  try {
    reply = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(command) });
  } catch {
    throw new Error("No connection. This was not sent yet: tap again when you are back online.");
  }
  const text = await reply.text();
  if (reply.status < 500) forget(key);
  if (!reply.ok) throw new Error(sentence(text));
  return text;
}

function keep(key, command) {
  const kept = read();
  kept[key] ??= command;
  sessionStorage.setItem(KEPT, JSON.stringify(kept));
  return kept[key];
}

function forget(key) {
  const kept = read();
  delete kept[key];
  sessionStorage.setItem(KEPT, JSON.stringify(kept));
}

function read() {
  return JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
}

/** A UUIDv4. `crypto.randomUUID` is missing where a test phone loads the page without https. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

function sentence(problem) {
  try {
    return JSON.parse(problem).detail;
  } catch {
    return "This was not taken, and no reason was given. Try again, and tell the dispatcher if it stays.";
  }
}
