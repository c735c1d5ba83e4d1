// A desk's panel: numbers only. The service decides who is next; this page shows it and says what staff did.
import { filled, texts } from "/pages/texts.js";

const POLL_MS = 2000;
const ANSWER_WITHIN_MS = 5000;
const OLD_AFTER_MS = 7000;
const MESSAGE_MS = 8000;
const SAME_AGAIN_MS = 1000;   // the same step so soon is a double click: it would end who was called a moment ago

const part = (id) => document.getElementById(id);
const kept = {                              // what this tablet remembers: how it looks, never who
  get: (name) => { try { return localStorage.getItem(name); } catch { return null; } },
  set: (name, value) => { try { localStorage.setItem(name, value); } catch { /* private mode */ } },
};
let words = {};
let state = null;
let csrf = "";
let busy = false;
let lastStep = "";
let lastStepAt = -Infinity;
let heardAt = performance.now();
let drawn = "";
let messageUntil = 0;
let reference = "";

class Refused extends Error {
  constructor(status, body) { super(`status ${status}`); this.status = status; this.body = body; }
}

async function ask(path, body) {
  const options = { cache: "no-store", credentials: "same-origin", signal: AbortSignal.timeout(ANSWER_WITHIN_MS) };
  if (body !== undefined) {
    options.method = "POST";
    options.headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf };
    options.body = JSON.stringify(body);
  }
  const answer = await fetch(`/staff/api/${path}`, options);
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, found);
  return found;
}

// ------------------------------------------------------------------------------------------ looks
function theme(name) {
  const dark = name ? name === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}

async function speak(language) {
  words = await texts(language);
  document.documentElement.lang = language;
  part("language").value = language;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = words[element.dataset.text];
  document.title = words["staff.title"];
  drawn = "";
  draw();
}

function say(text) {
  part("message").textContent = text;
  part("message").hidden = !text;
  messageUntil = performance.now() + MESSAGE_MS;
}

// --------------------------------------------------------------------------------------- signing in
async function toSignIn() {
  state = null;
  csrf = "";
  drawn = "";
  part("panel").hidden = true;
  part("sign-out").hidden = true;
  part("waiting").textContent = "";
  part("desk-name").textContent = words["staff.title"];
  part("found").replaceChildren();
  part("find").value = "";
  reference = "";
  if (part("sign-in").hidden) {
    part("sign-in").hidden = false;
    part("pin").value = "";
    part("pin-problem").textContent = "";
    try {
      const { desks } = await ask("desks");
      part("desk").replaceChildren(...desks.map((desk) => new Option(desk.name, desk.code)));
      const last = kept.get("desk");
      if (desks.some((desk) => desk.code === last)) part("desk").value = last;
    } catch { part("sign-in").hidden = true; }   // tried again by the next look
    part("pin").focus();
  }
}

async function signIn(event) {
  event.preventDefault();
  if (busy) return;
  busy = true;
  const pin = part("pin").value;
  part("pin").value = "";
  try {
    ({ csrf } = await ask("sign-in", { desk: part("desk").value, pin }));
    kept.set("desk", part("desk").value);
    part("sign-in").hidden = true;
    busy = false;              // the panel is drawn ready to be used
    await look();
    if (state !== null) part("next").focus();
  } catch (error) {
    const locked = error instanceof Refused && error.status === 429 && error.body.wait_s;
    if (locked) part("pin-problem").textContent = filled(words["staff.locked"], { seconds: error.body.wait_s });
    else if (error instanceof Refused && error.status === 403) part("pin-problem").textContent = words["staff.pin_wrong"];
    else part("pin-problem").textContent = words["staff.busy"];
    part("pin").focus();
  } finally { busy = false; }
}

async function signOut() {
  try { await ask("sign-out", {}); } catch { /* the session ends by itself */ }
  await toSignIn();
}

// ------------------------------------------------------------------------------------------ looking
async function look() {
  try {
    if (state === null && !part("sign-in").hidden) {   // nobody is signed in: only whether the service is there
      await ask("desks");
      heardAt = performance.now();
      return;
    }
    state = await ask("state");
    csrf = state.csrf;
    heardAt = performance.now();
    part("sign-in").hidden = true;
    part("panel").hidden = false;
    part("sign-out").hidden = false;
    draw();
  } catch (error) {
    if (error instanceof Refused && error.status === 401) { heardAt = performance.now(); await toSignIn(); }
    else if (error instanceof Refused && error.status === 503) { say(words["staff.busy"]); }
  }
}

function show() {
  part("offline").hidden = performance.now() - heardAt <= OLD_AFTER_MS;
  if (!part("message").hidden && performance.now() > messageUntil) part("message").hidden = true;
}

// ----------------------------------------------------------------------------------------- changing
async function change(path, body) {
  if (busy || state === null) return null;
  const step = path.startsWith("call") ? "call" : `${path} ${body.action ?? body.standing ?? body.checked ?? ""}`;
  if (path !== "find" && step === lastStep && performance.now() - lastStepAt < SAME_AGAIN_MS) return null;
  busy = true;
  draw();
  let done = null;
  try {
    done = await ask(path, body);
    say("");
  } catch (error) {
    const status = error instanceof Refused ? error.status : 0;
    const name = error instanceof Refused ? error.body.error : "";
    if (status === 401) await toSignIn();
    else if (name === "queue.action_not_allowed") say(words["staff.not_allowed"]);
    else if (status === 409 || status === 404) say(words["staff.changed"]);
    else if (status === 429 || status === 503) say(words["staff.busy"]);
    else say(words["staff.failed"]);
  }
  if (state !== null) await look();
  if (done !== null) { lastStep = step; lastStepAt = performance.now(); }
  busy = false;
  draw();
  return done;
}

const current = () => (state && state.current ? state.current.key : null);

async function next() {
  const done = await change("call-next", { current: current() });
  if (done && done.called === null) say(words["staff.next_nobody"]);
}

function act(entry, action) { return change("act", { key: entry.key, revision: entry.revision, action }); }
function call(entry) { return change("call", { key: entry.key, revision: entry.revision, current: current() }); }
function rank(entry, priority, standing) {
  return change("priority", { key: entry.key, revision: entry.revision, priority, standing });
}

// Pressed while something is under way, this waits for it: it then means what the desk is at. "Next" does not wait, for
// pressed twice it would call two people.
async function actNow(action) {
  while (busy) await new Promise((done) => setTimeout(done, 50));
  if (state && state.current) await act(state.current, action);
}

// ------------------------------------------------------------------------------------------ drawing
function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function badges(entry, briefly) {
  const found = [];
  const counts = entry.standing === "settled" || entry.standing === "confirmed";
  if (entry.priority === "emergency" && counts) found.push(element("span", "badge emergency", `▲ ${words["priority.emergency"]}`));
  else if (entry.priority !== "none" && entry.standing !== "declined") {
    const asked = entry.standing === "asked";
    const name = words[`priority.${entry.priority}`];
    const about = asked && !briefly ? `${name} – ${words["standing.asked"]}` : name;
    found.push(element("span", asked ? "badge asked" : "badge priority", `${asked ? "?" : "★"} ${about}`));
  }
  if (entry.twin) found.push(element("span", "badge twin", `! ${words["staff.twin"]}`));
  return found;
}

function notes(entry, briefly) {
  const waited = Math.max(0, Math.floor((Date.parse(state.now) - Date.parse(entry.placed)) / 60000));
  const found = badges(entry, briefly);
  if (briefly && entry.state !== "waiting") found.push(element("span", "", `${words[`state.${entry.state}`]}, `));
  found.push(element("span", "", filled(words["staff.minutes"], { count: waited })));
  if (entry.calls > 1) found.push(element("span", "", ` · ${filled(words["staff.calls"], { count: entry.calls })}`));
  return found;
}

function row(entry, buttons, about) {
  const made = element("li");
  made.append(element("span", "label", entry.label));
  const middle = element("span", "about");
  middle.append(...(about ?? notes(entry)));
  made.append(middle);
  const box = element("span", "buttons");
  for (const [key, does, kind] of buttons) {
    const button = element("button", kind ?? "", words[key]);
    button.type = "button";
    button.dataset.focus = `${entry.key} ${key}`;
    button.setAttribute("aria-label", `${words[key]} ${entry.label}`);
    button.addEventListener("click", () => void does());
    box.append(button);
  }
  made.append(box);
  return made;
}

function list(id, entries, make) {
  const rows = entries.map(make);
  if (rows.length === 0) rows.push(element("li", "none", words["staff.none"]));
  part(id).replaceChildren(...rows);
}

function draw() {
  document.body.toggleAttribute("data-busy", busy);
  if (state === null || Object.keys(words).length === 0) return;
  const minute = Math.floor(Date.parse(state.now) / 60000);
  const wanted = JSON.stringify([{ ...state, now: minute }, document.documentElement.lang]);
  if (wanted === drawn) return;
  drawn = wanted;
  const focused = document.activeElement ? document.activeElement.dataset.focus : undefined;
  part("desk-name").textContent = `${state.desk.name} · ${state.desk.place}`;
  part("waiting").textContent = filled(words["staff.waiting"], { count: state.waiting });
  const at = state.current;
  const label = at ? at.label : words["staff.nobody"];
  if (part("current-label").textContent !== label) part("current-label").textContent = label;   // read aloud once
  part("current-label").toggleAttribute("data-none", at === null);
  part("current-notes").replaceChildren(...(at ? notes(at) : []));
  // Not "disabled": that would take the focus away from whoever works by keys.
  for (const id of ["again", "skip", "serve", "hold", "back"]) part(id).setAttribute("aria-disabled", String(at === null));
  drawHolder(at);
  part("next-label").textContent = state.following.length > 0 ? state.following[0].label : "";
  list("following", state.following, (entry) => row(entry, [
    ["staff.call", () => call(entry)],
    ["staff.hold", () => act(entry, "hold")],
  ], notes(entry, true)));
  part("asked-part").hidden = state.asked.length === 0;
  list("asked", state.asked, (entry) => row(entry, [
    ["staff.confirm", () => rank(entry, entry.priority, "confirmed")],
    ["staff.decline", () => rank(entry, entry.priority, "declined")],
  ]));
  list("skipped", state.skipped, (entry) => row(entry, [
    ["staff.return", () => act(entry, "return")],
    ["staff.leave", () => act(entry, "leave")],
  ]));
  const stranded = new Set(state.stranded);       // called at a desk that is no more: nobody there can end them
  list("held", [...state.stranded, ...state.held], (entry) => row(
    entry,
    [
      stranded.has(entry) ? ["staff.serve", () => act(entry, "serve")] : ["staff.call", () => call(entry)],
      ["staff.return", () => act(entry, "return")],
    ],
    stranded.has(entry) ? [...badges(entry), element("span", "", words["staff.stranded"])] : undefined,
  ));
  list("done", state.done, (entry) => row(
    entry,
    [["staff.return", () => act(entry, "return")]],
    [element("span", "", words[`state.${entry.state}`])],
  ));
  if (focused) {
    const again = [...document.querySelectorAll("[data-focus]")].find((each) => each.dataset.focus === focused);
    if (again) again.focus();
    else part("next").focus();   // the row is gone: the next thing to do is here
  }
}

// Whether somebody compared the person who stands here with the photo of the card. A number that came without a check-in
// has no record to write it into, and what a matcher compared is not staff's to change.
function drawHolder(at) {
  const holder = at === null ? null : state.holder_checked;
  part("holder").hidden = holder === null;
  if (holder === null) return;
  const text = words[`holder.${holder}`];
  if (part("holder-words").textContent !== text) part("holder-words").textContent = text;
  part("holder-change").hidden = holder === "matcher";
  part("holder-change").textContent = words[holder === "staff" ? "staff.holder_undo" : "staff.holder_check"];
}

function changeHolder() {
  if (!state || !state.current) return;
  const { key, revision } = state.current;
  void change("holder", { key, revision, checked: state.holder_checked !== "staff" });
}

// ------------------------------------------------------------------------------------------ finding
async function find(event) {
  event.preventDefault();
  const text = part("find").value.trim();
  if (!text) return;
  const done = await change("find", { text });
  if (done === null) return;
  reference = text.toUpperCase().replace(/[\s-]/g, "");
  if (done.found.length === 0) {
    part("found").replaceChildren(element("li", "none", words["staff.find_none"]));
    return;
  }
  part("found").replaceChildren(...done.found.map(foundRow));
}

function foundRow(entry) {
  const buttons = [];
  const then = (does) => async () => { part("found").replaceChildren(); part("find").value = ""; await does(); };
  if (entry.allowed.includes("call")) buttons.push(["staff.call", then(() => call(entry))]);
  if (entry.allowed.includes("return")) buttons.push(["staff.return", then(() => act(entry, "return"))]);
  if (entry.allowed.includes("leave")) buttons.push(["staff.leave", then(() => act(entry, "leave"))]);
  if (entry.priority !== "emergency" && entry.allowed.includes("call")) {
    buttons.push(["staff.make_emergency", then(() => rank(entry, "emergency", "settled")), "stop"]);
  }
  const about = [...badges(entry), element("span", "", words[`state.${entry.state}`])];
  const made = row(entry, buttons, about);
  if (state.record_url && entry.label !== reference) {
    const link = element("a", "record", words["staff.record"]);
    link.href = state.record_url.replace("{reference}", encodeURIComponent(reference));
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    made.querySelector(".buttons").prepend(link);
  }
  return made;
}

// ---------------------------------------------------------------------------------------- emergency
function emergency() {
  const name = (each) => (each.queue === "counter" ? words["queue.counter"] : each.name_vi || each.queue);
  part("sure-queue").replaceChildren(...state.queues.map((each) => new Option(name(each), each.queue)));
  part("sure-queue").hidden = state.queues.length < 2;
  part("sure").returnValue = "no";
  part("sure").showModal();
}

async function emergencyDecided() {
  if (part("sure").returnValue !== "yes") return;
  const done = await change("emergency", { queue: part("sure-queue").value });
  if (done) say(filled(words["staff.emergency_added"], { label: done.entry.label }));
}

const KEYS = { F2: () => void next(), F4: () => void actNow("call_again"), F8: () => void actNow("skip"), F9: () => void actNow("serve") };

function pressed(event) {
  if (!(event.key in KEYS) || state === null || part("sure").open || event.repeat) return;
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;   // Alt and F4 closes a window
  event.preventDefault();
  KEYS[event.key]();
}

theme(kept.get("theme"));
await speak(["vi", "en", "fr"].includes(kept.get("language")) ? kept.get("language") : "vi");
part("language").addEventListener("change", (event) => { kept.set("language", event.target.value); void speak(event.target.value); });
part("theme").addEventListener("click", () => {
  const other = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  kept.set("theme", other);
  theme(other);
});
part("sign-in-form").addEventListener("submit", (event) => void signIn(event));
part("sign-out").addEventListener("click", () => void signOut());
part("next").addEventListener("click", () => void next());
part("again").addEventListener("click", () => void actNow("call_again"));
part("skip").addEventListener("click", () => void actNow("skip"));
part("serve").addEventListener("click", () => void actNow("serve"));
part("hold").addEventListener("click", () => void actNow("hold"));
part("back").addEventListener("click", () => void actNow("return"));
part("holder-change").addEventListener("click", changeHolder);
part("find-form").addEventListener("submit", (event) => void find(event));
part("emergency").addEventListener("click", emergency);
part("sure").addEventListener("close", () => void emergencyDecided());
document.addEventListener("keydown", pressed);
setInterval(show, 500);
for (;;) {
  if (!busy) await look();
  await new Promise((done) => setTimeout(done, POLL_MS));
}
