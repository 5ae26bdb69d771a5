// Global search: answers while typing. `/search/suggest?q=` returns links with role="option"; Enter without a choice
// submits the form to the full search page.
(() => {
  'use strict';
  const form = document.querySelector('[data-search]');
  if (!form) return;
  const input = form.querySelector('[role="combobox"]');
  const list = form.querySelector('[role="listbox"]');
  const { text, request } = window.crm;
  let timer = 0;
  let running = null;

  function open() {
    list.hidden = false;
    input.setAttribute('aria-expanded', 'true');
  }

  function close() {
    list.hidden = true;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
    running?.abort();
    clearTimeout(timer);
  }

  function note(message) {
    const line = document.createElement('div');
    line.className = 'search-note';
    line.setAttribute('role', 'status');
    line.textContent = message;
    list.replaceChildren(line);
    open();
  }

  function waiting() {
    const lines = document.createElement('div');
    lines.className = 'skeleton-lines';
    lines.setAttribute('aria-hidden', 'true');
    for (let i = 0; i < 3; i += 1) lines.append(Object.assign(document.createElement('span'), { className: 'skeleton' }));
    list.replaceChildren(lines);
    open();
  }

  async function ask(words) {
    running?.abort();
    running = new AbortController();
    const { signal } = running;
    // Only a slow answer is worth a skeleton; a fast one would just flicker.
    const slow = setTimeout(waiting, 180);
    try {
      const response = await request(`${form.dataset.search}?q=${encodeURIComponent(words)}`, { signal });
      const html = await response.text();
      if (!signal.aborted) show(html, words);
    } catch (error) {
      if (!signal.aborted) note(error.status ? text('search_error') : error.message);
    } finally {
      clearTimeout(slow);
    }
  }

  function show(html, words) {
    list.innerHTML = html;
    const options = choices();
    if (!options.length) {
      note(text('search_none', { q: words }));
      return;
    }
    options.forEach((option, index) => {
      option.id = option.id || `search-option-${index}`;
      option.tabIndex = -1;
      option.setAttribute('aria-selected', 'false');
    });
    open();
  }

  function choices() {
    return [...list.querySelectorAll('[role="option"]')];
  }

  function step(by) {
    const options = choices();
    if (!options.length) return;
    const at = options.findIndex((option) => option.getAttribute('aria-selected') === 'true');
    const next = at === -1 ? (by > 0 ? 0 : options.length - 1) : (at + by + options.length) % options.length;
    options.forEach((option, index) => option.setAttribute('aria-selected', String(index === next)));
    options[next].scrollIntoView({ block: 'nearest' });
    input.setAttribute('aria-activedescendant', options[next].id);
  }

  input.addEventListener('input', () => {
    clearTimeout(timer);
    const words = input.value.trim();
    if (!words) close();
    else timer = setTimeout(ask, 120, words);
  });
  input.addEventListener('focus', () => {
    if (input.value.trim() && choices().length) open();
  });
  input.addEventListener('keydown', (event) => {
    // Enter and arrows belong to the input method while a word is being composed (Vietnamese, Chinese).
    if (event.isComposing) return;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      if (list.hidden) return;
      event.preventDefault();
      step(event.key === 'ArrowDown' ? 1 : -1);
    } else if (event.key === 'Enter') {
      const chosen = list.hidden ? null : list.querySelector('[aria-selected="true"]');
      if (chosen) {
        event.preventDefault();
        chosen.click();
      }
    } else if (event.key === 'Escape') {
      event.preventDefault();
      if (list.hidden) input.blur();
      else close();
    }
  });
  document.addEventListener('pointerdown', (event) => {
    if (!form.contains(event.target)) close();
  });
  form.addEventListener('focusout', (event) => {
    if (!form.contains(event.relatedTarget)) close();
  });
})();
