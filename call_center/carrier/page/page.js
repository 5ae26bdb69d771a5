// The page: choose a customer, ring the company, answer its calls.

import { CallCard, face } from "./call.js";
import { Live } from "./live.js";
import { Tone } from "./sound.js";
import { translate, word } from "./words.js";

const CALLS_KEPT = 6;
const MESSAGES_KEPT = 50;
const NUMBER = /^\+[1-9]\d{3,14}$/;

const find = (selector) => document.querySelector(selector);
const copy = (selector) => find(selector).content.firstElementChild.cloneNode(true);
const cards = new Map();
const banners = new Map();
const ringTone = new Tone(0.4, 0.2);
const ringback = new Tone(1, 4);
let people = [];

translate(document);
const live = new Live({ onMessage: receive, onState: showLine });

function receive(message) {
  const handler = {
    people: showPeople,
    call: ({ call }) => showCall(call),
    heard: ({ id, kind, text }) => cards.get(id)?.heard(kind, text),
    audio: ({ id, sdp }) => cards.get(id)?.sound.accept(sdp),
    message: ({ message: text }) => showMessage(text),
    problem: ({ problem }) => showProblem(problem),
  }[message.type];
  handler?.(message);
}

function showLine(online) {
  find("#line").textContent = word(online ? "online" : "offline");
  find("#line").dataset.online = online;
  if (online) {
    play();
    return;
  }
  // The carrier has hung up for us.
  for (const id of [...banners.keys()]) {
    removeBanner(id);
  }
  for (const card of cards.values()) {
    if (card.state !== "ended") {
      card.update({ state: "ended", reason: "failed" });
    }
  }
  hush();
}

function nameOf(number) {
  return people.find((person) => person.number === number)?.name || number;
}

// Choosing who to be.

function chosen() {
  return find("#number").value.replace(/[\s().-]/g, "");
}

function play() {
  live.send("play", { number: chosen(), anybody: find("#anybody").checked });
}

function showPeople({ people: suggested, company }) {
  people = suggested;
  const list = find("#people");
  list.replaceChildren(list.firstElementChild, ...people.map(personChoice));
  if (!chosen() && people.length) {
    choose(people[0].number);
  }
  markChosen();
  find("#company").replaceChildren(...company.map(({ number, name }) => new Option(name && name !== number ? `${number} · ${name}` : number, number)));
  find("#company-field").hidden = company.length < 2;
  find(".go").disabled = company.length === 0;
  showProblem(company.length ? "" : "no-company");
}

function personChoice(person) {
  const element = copy("#person-template");
  element.querySelector("input").value = person.number;
  element.querySelector(".face").textContent = face(person.name);
  element.querySelector("b").textContent = person.name;
  element.querySelector(".digits").textContent = person.number;
  element.querySelector("small").textContent = person.note;
  return element;
}

function choose(number) {
  find("#number").value = number;
  showProblem("");
  play();
}

function markChosen() {
  for (const radio of document.querySelectorAll("#people input")) {
    radio.checked = radio.value === chosen();
  }
}

function showProblem(problem) {
  find("#number-problem").textContent = problem && word(problem);
  find("#number").toggleAttribute("aria-invalid", problem === "number-problem");
}

find("#people").addEventListener("change", (event) => choose(event.target.value));
find("#number").addEventListener("input", markChosen);
find("#number").addEventListener("change", play);
find("#anybody").addEventListener("change", play);
find("#ring-form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (isSomebody()) {
    live.send("call", { from: chosen(), to: find("#company").value });
  }
});

function isSomebody() {
  const valid = NUMBER.test(chosen());
  showProblem(valid ? "" : "number-problem");
  if (!valid) {
    find("#number").focus();
  }
  return valid;
}

// Calls.

function showCall(call) {
  if (call.state === "ringing") {
    showBanner(call);
    return;
  }
  removeBanner(call.id);
  const card = cards.get(call.id);
  if (card) {
    card.update(call);
  } else if (call.state !== "ended") {
    addCard(call);
  }
  hush();
}

function addCard(call) {
  const card = new CallCard({ call, name: nameOf(call.direction === "in" ? call.from : call.to), live });
  cards.set(call.id, card);
  find("#calls").prepend(card.element);
  find("#no-calls").hidden = true;
  card.element.scrollIntoView({ block: "nearest", behavior: "smooth" });
  for (const [id, old] of cards) {
    if (cards.size > CALLS_KEPT && old.state === "ended") {
      old.element.remove();
      cards.delete(id);
    }
  }
}

function showBanner(call) {
  const name = nameOf(call.to);
  const banner = copy("#ringing-template");
  banner.setAttribute("aria-label", word("calls-you", { who: name }));
  banner.querySelector(".face").textContent = face(name);
  banner.querySelector("b").textContent = word("calls-you", { who: name });
  banner.querySelector(".digits").textContent = `${call.from} → ${call.to}`;
  const [answer, reject] = banner.querySelectorAll("button");
  answer.textContent = word("answer");
  reject.textContent = word("reject");
  answer.addEventListener("click", () => live.send("answer", { id: call.id }));
  reject.addEventListener("click", () => live.send("reject", { id: call.id }));
  banners.set(call.id, banner);
  find("#ringing").append(banner);
  answer.focus();
  hush();
}

function removeBanner(id) {
  banners.get(id)?.remove();
  banners.delete(id);
}

// The tones fit what rings now.
function hush() {
  const ringing = banners.size > 0;
  const dialing = [...cards.values()].some((card) => card.state === "dialing");
  document.title = (ringing ? "☎ " : "") + word("title");
  ringing ? ringTone.start() : ringTone.stop();
  dialing && !ringing ? ringback.start() : ringback.stop();
}

// Messages.

find("#text").placeholder = word("text");
find("#text-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const body = find("#text").value.trim();
  if (body && isSomebody()) {
    live.send("text", { from: chosen(), to: find("#company").value, body });
    find("#text").value = "";
  }
});

function showMessage({ from, to, body, at }) {
  const line = document.createElement("li");
  const head = document.createElement("p");
  const text = document.createElement("p");
  const time = document.createElement("time");
  const moment = new Date(at * 1000);
  time.dateTime = moment.toISOString();
  time.textContent = moment.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
  head.className = "digits";
  head.append(`${nameOf(from)} → ${nameOf(to)} `, time);
  text.textContent = body;
  line.append(head, text);
  find("#messages").prepend(line);
  find("#no-messages").hidden = true;
  while (find("#messages").childElementCount > MESSAGES_KEPT) {
    find("#messages").lastElementChild.remove();
  }
}

hush();
