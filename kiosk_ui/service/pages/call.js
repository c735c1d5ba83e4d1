// The call screen: asks every two seconds, shows each call for a while, says so when the connection is gone.
import { texts } from "/pages/texts.js";

const POLL_MS = 2000;         // a hall's screen
const PHONE_POLL_MS = 5000;   // somebody's own: there are hundreds of them
const LONGEST_PAUSE_MS = 20000;   // between questions that are refused because of the crowd
const WHOLE_EVERY_MS = 60000; // the answer is asked for whole so often, for the clock in it
const ANSWER_WITHIN_MS = 4000;
const PATIENCE_MS = 5000;     // so long after the next answer was due the numbers may be old, and the screen says so
const SHOWN_FOR_MS = 6000;    // one call after the other, each long enough to be read
const LATE_MS = 60000;        // a call older than this is no news any more
const LAST_SHOWN = 5;

const part = (id) => document.getElementById(id);
const parameters = new URLSearchParams(location.search);
const seen = new Set();
const toShow = [];
let first = true;
let shown = null;
let shownSince = -Infinity;
let heardAt = performance.now();
let tag = null;               // of what is shown
let wholeAt = -Infinity;
let refused = 0;              // answers in a row that said "not so often"
let clockOffset = null;      // the service's clock less this screen's
let hallMinutes = 420;
let latest = null;
let sound = null;
let words = null;
let secondWords = null;

document.documentElement.dataset.theme = parameters.get("theme") === "light" ? "light" : "dark";

// Each language is marked as what it is, so that it is read aloud as such.
function bothIn(element, key, between) {
  element.replaceChildren(words[key]);
  if (secondWords) element.append(between, inSecond(secondWords[key]));
}

function inSecond(text) {
  const made = document.createElement("span");
  made.lang = latest.second_language;
  made.textContent = text;
  return made;
}

// A phone held in a hand is narrow in one direction; no screen of a hall is.
const isPhone = () => Math.min(innerWidth, innerHeight) < 600;

function pause() {
  const often = isPhone() ? PHONE_POLL_MS : POLL_MS;
  // Spread out, or a hall of phones that were refused together would come back together.
  return refused === 0 ? often : Math.min(LONGEST_PAUSE_MS, often * 2 ** refused) * (0.5 + Math.random() / 2);
}

// What the screen shows now, or null while that is what it shows already.
async function ask() {
  const query = parameters.get("queues");
  const address = query === null ? "/call/state" : `/call/state?queues=${encodeURIComponent(query)}`;
  const headers = tag !== null && performance.now() - wholeAt < WHOLE_EVERY_MS ? { "If-None-Match": tag } : {};
  const answer = await fetch(address, { cache: "no-store", headers, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
  refused = answer.status === 429 || answer.status === 503 ? refused + 1 : 0;
  if (answer.status === 304) return null;
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const state = await answer.json();
  tag = answer.headers.get("ETag");
  wholeAt = performance.now();
  return state;
}

function take(state) {
  heardAt = performance.now();
  clockOffset = Date.parse(state.now) - Date.now();
  hallMinutes = state.utc_offset_minutes;
  latest = state;
  const fresh = state.calls.filter((call) => !seen.has(call.id)).reverse();
  for (const call of fresh) {
    seen.add(call.id);
    const age = Date.parse(state.now) - Date.parse(call.at);
    if (!first && age < LATE_MS) toShow.push(call);
  }
  if (first && state.calls.length > 0) shown = state.calls[0];
  // After a gap the newest is shown even if it is no news.
  if (!first && toShow.length === 0 && state.calls.length > 0 && !state.calls.some((call) => shown && call.id === shown.id)) {
    shown = state.calls[0];
  }
  if (state.calls.length === 0) shown = null;
  if (seen.size > 500) { seen.clear(); for (const call of state.calls) seen.add(call.id); }
  first = false;
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function show() {
  const now = performance.now();
  if (toShow.length > 0 && now - shownSince >= SHOWN_FOR_MS) {
    shown = toShow.shift();
    shownSince = now;
    chime();
    const place = [shown.place, shown.place_2].filter(Boolean).join(" · ");
    put(part("spoken"), `${words["call.now"]} ${shown.label} ${words["call.to"]} ${place}`);
  }
  document.body.toggleAttribute("data-new", now - shownSince < SHOWN_FOR_MS);
  const old = now - heardAt > (isPhone() ? PHONE_POLL_MS : POLL_MS) + PATIENCE_MS;
  document.body.toggleAttribute("data-old", old);
  part("offline").hidden = !old;
  const clock = new Date(Date.now() + (clockOffset ?? 0) + hallMinutes * 60000);
  put(part("clock"), clockOffset === null ? "" : clock.toISOString().slice(11, 16));
  part("sound").hidden = sound !== null && sound.state === "running";
  for (const id of ["number", "place", "place-2", "now-title"]) part(id).hidden = shown === null;
  part("nobody").hidden = shown !== null;
  put(part("number"), shown ? shown.label : "");
  put(part("place"), shown ? shown.place : "");
  put(part("place-2"), shown && shown.place_2 !== shown.place ? shown.place_2 : "");
  if (latest !== null) lists();
}

function lists() {
  put(part("hospital"), latest.hospital);
  const waitingToBeShown = new Set(toShow.map((call) => call.id));
  const before = latest.calls.filter((call) => !waitingToBeShown.has(call.id) && (!shown || call.id !== shown.id));
  fill(part("calls"), before.slice(0, LAST_SHOWN), (call) => [["label", call.label], ["place", call.place]]);
  fill(part("following"), latest.following, (label) => [["label", label]]);
  part("next-title").hidden = latest.following.length === 0;
}

function fill(list, items, parts) {
  const wanted = JSON.stringify(items);
  if (list.dataset.content === wanted) return;
  list.dataset.content = wanted;
  list.replaceChildren(...items.map((item) => {
    const row = document.createElement("li");
    for (const [kind, text] of parts(item)) {
      const span = document.createElement("span");
      span.className = kind;
      span.textContent = text;
      row.append(span);
    }
    return row;
  }));
}

function chime() {
  if (sound === null || sound.state !== "running") return;
  const start = sound.currentTime + 0.02;
  for (const [delay, pitch] of [[0, 659.3], [0.35, 523.3]]) {  // two soft notes, a third apart
    const tone = sound.createOscillator();
    const loudness = sound.createGain();
    tone.type = "sine";
    tone.frequency.value = pitch;
    loudness.gain.setValueAtTime(0.0001, start + delay);
    loudness.gain.exponentialRampToValueAtTime(0.5, start + delay + 0.03);
    loudness.gain.exponentialRampToValueAtTime(0.0001, start + delay + 1.1);
    tone.connect(loudness).connect(sound.destination);
    tone.start(start + delay);
    tone.stop(start + delay + 1.2);
  }
}

function label() {
  document.title = words["call.title"];
  if (latest !== null) part("place-2").lang = latest.second_language;
  for (const [id, key] of [["now-title", "call.now"], ["last-title", "call.last"], ["next-title", "call.next"], ["sound", "call.sound_off"]]) {
    bothIn(part(id), key, " · ");
  }
  bothIn(part("nobody"), "call.nobody", document.createElement("br"));
  bothIn(part("offline").querySelector(".words"), "call.offline", document.createElement("br"));
}

function turnOnSound() {
  if (sound !== null) void sound.resume().then(show);
}

async function poll() {
  for (;;) {
    try {
      const state = await ask();
      if (state === null) {
        heardAt = performance.now();
      } else {
        const needsWords = secondWords === null && state.second_language !== "vi";
        if (needsWords) secondWords = await texts(state.second_language);
        take(state);
        if (needsWords) label();
      }
    } catch { tag = null; /* told by the time since the last answer */ }
    show();
    await new Promise((done) => setTimeout(done, pause()));
    while (document.hidden) {   // a phone in a pocket asks nothing, and is not late when it is taken out
      await new Promise((done) => setTimeout(done, 500));
      heardAt = performance.now();
    }
  }
}

words = await texts("vi");
label();
if ("AudioContext" in window) sound = new AudioContext();
part("sound").addEventListener("click", turnOnSound);
document.addEventListener("keydown", turnOnSound);
setInterval(show, 500);
void poll();
