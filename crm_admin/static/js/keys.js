// Keyboard first. Single keys only, never while typing and never with a modifier, so no browser or screen-reader
// shortcut is taken.
(() => {
  'use strict';
  const typing = 'input:not([type="checkbox"], [type="radio"], [type="button"], [type="submit"]), textarea, select, [contenteditable="true"]';
  const help = document.getElementById('keys-dialog');
  let going = 0;

  function busy(event) {
    return event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey
      || event.target.closest(typing) || document.querySelector('dialog[open]');
  }

  function visible(element) {
    return element.getClientRects().length > 0 && !element.disabled;
  }

  function press(selector) {
    const element = [...document.querySelectorAll(selector)].find(visible);
    if (!element) return false;
    element.click();
    element.focus();
    return true;
  }

  // ---- rows ---------------------------------------------------------------------------------------------------
  function rows() {
    return [...document.querySelectorAll('[data-rows-list] tr[data-href], tr[data-href]')].filter(visible);
  }

  function current() {
    return document.querySelector('tr.is-current');
  }

  function move(by) {
    const all = rows();
    if (!all.length) return false;
    const at = all.indexOf(current());
    const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
    current()?.classList.remove('is-current');
    next.classList.add('is-current');
    next.tabIndex = -1;
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: 'nearest' });
    return true;
  }

  const commands = {
    '/': () => { const field = document.getElementById('global-search'); field?.focus(); field?.select(); return Boolean(field); },
    '?': () => { showHelp(); return true; },
    c: () => press('[data-create]') || press('.top-create > [data-bs-toggle]'),
    j: () => move(1),
    k: () => move(-1),
    x: () => { const box = current()?.querySelector('[data-check-row]'); box?.click(); return Boolean(box); },
    g: () => { going = Date.now(); return true; },
  };

  function own(key) {
    return press(`[data-key="${CSS.escape(key)}"]`);
  }

  document.addEventListener('keydown', (event) => {
    if (busy(event)) return;
    if (event.key === 'Enter' && event.target.matches('tr.is-current')) {
      location.assign(event.target.dataset.href);
      return;
    }
    if (event.key.length !== 1) return;
    const goes = Date.now() - going < 1500;
    going = 0;
    const handled = goes ? press(`[data-go="${CSS.escape(event.key)}"]`) : own(event.key) || commands[event.key]?.();
    if (handled) event.preventDefault();
  });

  // ---- the list of keys, made from the page itself ------------------------------------------------------------
  function entry(keys, label) {
    const line = document.createElement('div');
    const term = document.createElement('dt');
    keys.forEach((key) => term.append(Object.assign(document.createElement('kbd'), { textContent: key }), ' '));
    line.append(term, Object.assign(document.createElement('dd'), { textContent: label }));
    return line;
  }

  function nameOf(element) {
    return element.getAttribute('aria-label') || element.querySelector('span')?.textContent || element.textContent.trim();
  }

  function fill(selector, lines) {
    const list = help.querySelector(selector);
    list.replaceChildren(...lines);
    list.closest('section').hidden = lines.length === 0;
  }

  function showHelp() {
    if (!help) return;
    fill('[data-keys-go]', [...document.querySelectorAll('[data-go]')].map((link) => entry(['g', link.dataset.go], nameOf(link))));
    fill('[data-keys-here]', [...document.querySelectorAll('[data-key]')].filter(visible).map((item) => entry([item.dataset.key], nameOf(item))));
    help.querySelector('[data-keys-rows]').hidden = rows().length === 0;
    help.showModal();
  }

  document.addEventListener('click', (event) => {
    if (event.target.closest('[data-show-keys]')) showHelp();
  });
})();
