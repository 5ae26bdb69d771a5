// One call on the screen: who, its state, what is said, the keypad, mute and hang up.

import { CallSound } from "./sound.js";
import { word } from "./words.js";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
const LINES_KEPT = 30;

export function face(name) {
  const letters = name.trim().split(/\s+/).filter((part) => /\p{L}/u.test(part));
  return letters.length ? (letters[0][0] + (letters.length > 1 ? letters.at(-1)[0] : "")).toUpperCase() : "#";
}

export class CallCard {
  constructor({ call, name, live }) {
    this.id = call.id;
    this.live = live;
    this.element = document.querySelector("#call-template").content.firstElementChild.cloneNode(true);
    this.part(".face").textContent = face(name);
    this.part("h3").textContent = name;
    this.part(".call-who p").textContent = `${call.from} → ${call.to}`;
    this.part(".mute").textContent = word("mute");
    this.part(".stop").textContent = word("hang-up");
    this.part(".voice").textContent = word("made-up");
    this.part(".mute").addEventListener("click", () => this.mute());
    this.part(".stop").addEventListener("click", () => live.send("hangup", { id: this.id }));
    this.drawPad();
    this.clock = setInterval(() => this.tick(), 500);
    this.update(call);
    this.sound = new CallSound({
      offer: (sdp) => live.send("audio", { id: this.id, sdp }),
      onMicrophone: () => this.hasMicrophone(),
    });
  }

  part(selector) {
    return this.element.querySelector(selector);
  }

  update(call) {
    this.state = call.state;
    this.element.dataset.state = call.state;
    this.part(".state-word").textContent = word(call.state === "ended" ? call.reason || "ended" : call.state);
    if (call.state === "talking" && !this.since) {
      this.since = Date.now();
      this.tick();
    }
    if (call.state === "ended") {
      this.end();
    }
  }

  heard(kind, text) {
    if (kind === "nobody") {
      this.element.dataset.sound = "";
      return;
    }
    this.element.dataset.sound = kind;
    const said = kind === "say" ? text : word(kind, { text });
    const list = this.part(".said");
    if (list.lastElementChild?.textContent === said) {
      return;
    }
    const line = document.createElement("li");
    line.className = kind === "say" ? "speech" : "event";
    line.textContent = said;
    list.append(line);
    if (list.childElementCount > LINES_KEPT) {
      list.firstElementChild.remove();
    }
    list.scrollTop = list.scrollHeight;
  }

  drawPad() {
    const pad = this.part(".pad");
    pad.setAttribute("aria-label", word("keypad"));
    for (const key of KEYS) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = key;
      button.addEventListener("click", () => this.press(key));
      pad.append(button);
    }
  }

  press(key) {
    if (this.state === "talking") {
      this.live.send("press", { id: this.id, digits: key });
      this.part(".pressed").textContent += key;
    }
  }

  mute() {
    this.muted = !this.muted;
    this.part(".mute").setAttribute("aria-pressed", String(this.muted));
    this.part(".mute").textContent = word(this.muted ? "unmute" : "mute");
    this.sound.mute(this.muted);
    if (!this.microphone) {
      this.live.send("speak", { id: this.id, made_up: !this.muted });
    }
  }

  hasMicrophone() {
    this.microphone = true;
    this.part(".voice").textContent = word("microphone");
    this.live.send("speak", { id: this.id, made_up: false });
  }

  tick() {
    if (this.since) {
      const seconds = Math.floor((Date.now() - this.since) / 1000);
      this.part("time").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    }
  }

  end() {
    clearInterval(this.clock);
    this.element.dataset.sound = "";
    this.part(".pad").remove();
    this.part(".call-buttons").remove();
    this.part(".voice").remove();
    this.part(".sound").remove();
    this.sound.close();
  }
}
