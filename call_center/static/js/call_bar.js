// The bar of the phone: who, how long, and the keys. It shows what it is told and says which key was pressed, as
// `desk:key` {verb} or {digit}.
(() => {
  'use strict';
  const bar = document.querySelector('.call-bar');
  const keypad = document.getElementById('keypad');
  const { text } = JSON.parse(document.getElementById('desk-config').textContent);
  const typing = 'input, textarea, select, [contenteditable="true"]';
  let seen = {};

  function clockFace(seconds) {
    const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
    const [hours, minutes, rest] = parts;
    const two = (number) => String(number).padStart(2, '0');
    return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
  }

  function tell(detail) {
    document.dispatchEvent(new CustomEvent('desk:key', { detail }));
  }

  /** `view`: mode, name, phase, device, connected, held, muted, recorded, paused, since or until (ms of our clock). */
  function show(view) {
    seen = view;
    bar.dataset.mode = view.mode;
    bar.classList.toggle('is-held', view.held);
    bar.querySelector('[data-call-name]').textContent = view.name;
    bar.querySelector('[data-call-phase]').textContent = view.phase;
    bar.querySelectorAll('[data-device]').forEach((part) => { part.hidden = part.dataset.device !== view.device; });
    bar.querySelectorAll('[data-in]').forEach((button) => { button.disabled = button.dataset.in !== view.mode; });
    bar.querySelectorAll('[data-do="accept"], [data-do="reject"]').forEach((button) => { button.disabled = !view.connected; });
    press('mute', view.muted, text.mute, text.unmute);
    press('hold', view.held, text.hold, text.resume);
    press('recording', view.paused, text.pause_recording, text.resume_recording);
    key('recording').hidden = !view.recorded;
    key('hang-up').disabled = view.mode === 'closing';
    if (view.mode !== 'talking') close();
    tick();
  }

  function key(verb) {
    return bar.querySelector(`[data-do="${verb}"]`);
  }

  function press(verb, on, off_label, on_label) {
    const button = key(verb);
    button.setAttribute('aria-pressed', String(on));
    button.querySelector('span').textContent = on ? on_label : off_label;
  }

  function tick() {
    const time = bar.querySelector('[data-call-time]');
    const left = seen.until && Math.ceil((seen.until - Date.now()) / 1000);
    if (seen.until) time.textContent = clockFace(Math.max(0, left));
    else time.textContent = seen.since ? clockFace(Math.max(0, Math.floor((Date.now() - seen.since) / 1000))) : '';
    bar.classList.toggle('is-short', Boolean(seen.until) && left <= 10);
  }

  function close() {
    keypad.hidden = true;
    keypad.querySelector('output').value = '';
    key('keypad').setAttribute('aria-expanded', 'false');
  }

  function digit(character) {
    keypad.querySelector('output').value += character;
    tell({ digit: character });
  }

  bar.addEventListener('click', (event) => {
    const button = event.target.closest('button');
    if (!button) return;
    if (button.dataset.digit) digit(button.dataset.digit);
    else if (button.dataset.do === 'keypad') {
      keypad.hidden = !keypad.hidden;
      button.setAttribute('aria-expanded', String(!keypad.hidden));
    } else if (button.dataset.do) tell({ verb: button.dataset.do });
  });

  // While the keypad is open, the keyboard is one.
  document.addEventListener('keydown', (event) => {
    if (keypad.hidden || event.target.closest(typing) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^[0-9*#]$/.test(event.key)) {
      event.preventDefault();
      digit(event.key);
    } else if (event.key === 'Escape') close();
  });

  setInterval(tick, 250);
  window.callBar = { show, clockFace };
})();
