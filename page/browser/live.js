// Keeps the page as things stand: hears from the server what the page is now, and changes what has become different.
// The server makes all markup; here it is only put in its place, so that what a person has opened, focused or selected
// stays as it is. Plain JavaScript with types in comments, because browsers read it as it is.

/** How long news are gathered before they are spoken, in milliseconds: a screen reader reads each to its end. */
const GATHER_MS = 4000;

/** States that are news; the others are seen, not spoken. */
const NEWS = new Set(["published", "failed", "skipped"]);

/** How long to wait before a stream that was refused is asked for again, in milliseconds. */
const AGAIN_MS = 2000;

/** @type {string[]} what is gathered */
let news = [];

connect();
addEventListener("hashchange", showTarget);
showTarget();

function connect() {
  const events = new EventSource("/events");
  events.addEventListener("open", () => connection("live", "Live"));
  events.addEventListener("message", (event) => show(JSON.parse(event.data)));
  events.addEventListener("error", () => {
    connection("lost", "Connection lost, trying again");
    // A connection that is cut is made again by the browser; one that was answered with an error is not.
    if (events.readyState === EventSource.CLOSED) setTimeout(connect, AGAIN_MS);
  });
}

/** @param {string} markup of the whole content */
function show(markup) {
  const content = document.getElementById("content");
  const wanted = new DOMParser().parseFromString(markup, "text/html").getElementById("content");
  if (content === null || wanted === null) return;
  const before = states();
  become(content, wanted);
  document.title = wanted.dataset.title ?? document.title;
  for (const [id, { name, state }] of states()) {
    if (NEWS.has(state) && before.has(id) && before.get(id)?.state !== state) tell(`${name} ${state}`);
  }
}

/** Opens the target that the address names, and goes there with the keyboard, too. */
function showTarget() {
  const target = document.getElementById(location.hash.slice(1));
  if (!(target instanceof HTMLDetailsElement)) return;
  target.open = true;
  target.querySelector("summary")?.focus();
}

/** @param {string} state @param {string} text */
function connection(state, text) {
  const place = document.getElementById("connection");
  if (place === null || place.dataset.state === state) return;
  place.dataset.state = state;
  place.textContent = text;
}

/** @returns {Map<string, { name: string, state: string }>} each target's state, by its id */
function states() {
  const targets = document.querySelectorAll("details.target");
  return new Map(
    [...targets].map((one) => [
      one.id,
      { name: one.querySelector("h3")?.textContent ?? "", state: one.getAttribute("data-state") ?? "" },
    ]),
  );
}

/** @param {string} text */
function tell(text) {
  if (news.length === 0) setTimeout(speak, GATHER_MS);
  news.push(text);
}

function speak() {
  const place = document.getElementById("news");
  const headline = document.querySelector(".headline")?.textContent ?? "";
  if (place !== null) place.textContent = `${news.join(", ")}. ${headline}.`;
  news = [];
}

/**
 * Makes an element as another one is, and keeps every part of it that is in both.
 * @param {Element} element
 * @param {Element} wanted
 */
function become(element, wanted) {
  if (element.isEqualNode(wanted)) return;
  for (const { name } of [...element.attributes]) {
    if (!wanted.hasAttribute(name) && name !== "open") element.removeAttribute(name);
  }
  for (const { name, value } of wanted.attributes) {
    // What is open is the reader's own choice.
    if (name !== "open" && element.getAttribute(name) !== value) element.setAttribute(name, value);
  }
  const named = new Map([...element.children].filter(({ id }) => id !== "").map((child) => [child.id, child]));
  let here = element.firstChild;
  for (const child of [...wanted.childNodes]) {
    const same = child instanceof Element && child.id !== "" ? named.get(child.id) : fits(here, child) ? here : null;
    if (!same) element.insertBefore(child, here);
    else if (same === here) here = here.nextSibling;
    else element.insertBefore(same, here);
    if (same instanceof Element && child instanceof Element) become(same, child);
    else if (same && same.nodeValue !== child.nodeValue) same.nodeValue = child.nodeValue;
  }
  while (here !== null) {
    const next = here.nextSibling;
    here.remove();
    here = next;
  }
}

/** @param {ChildNode | null} node @param {ChildNode} wanted */
function fits(node, wanted) {
  if (node === null || node.nodeName !== wanted.nodeName) return false;
  return !(node instanceof Element) || node.id === "";
}
