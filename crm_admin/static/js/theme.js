// Loaded first and not deferred, so the page never flashes in the wrong colours.
(() => {
  'use strict';
  const root = document.documentElement;
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const PENDING_S = 10;
  const pending = /(?:^|; )theme_pending=(light|dark|auto)(?:;|$)/.exec(document.cookie);

  function keep(name, value, seconds) {
    const secure = location.protocol === 'https:' ? '; secure' : '';
    document.cookie = `${name}=${value}; path=/; max-age=${seconds}; samesite=lax${secure}`;
  }

  function apply() {
    const chosen = root.dataset.theme;
    const resolved = chosen === 'auto' ? (dark.matches ? 'dark' : 'light') : chosen;
    root.setAttribute('data-bs-theme', resolved);
    keep('theme_resolved', resolved, 31536000);
  }

  function press() {
    for (const button of document.querySelectorAll('[data-theme-form] [name="theme"]')) {
      button.setAttribute('aria-pressed', String(button.value === root.dataset.theme));
    }
  }

  // Who goes on at once may get a page that the server made before it heard of the choice.
  if (pending) {
    root.dataset.theme = pending[1];
    document.addEventListener('DOMContentLoaded', press);
  }
  root.classList.add('js');
  apply();
  dark.addEventListener('change', apply);

  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (form.matches('[data-theme-form]') && event.submitter) {
      event.preventDefault();
      choose(form, event.submitter);
    } else if (form.elements.namedItem('theme')) {
      keep('theme_pending', '', 0);  // chosen anew on the profile page
    }
  });

  /** The switch in the user menu: at once here, and kept on the server. */
  function choose(form, button) {
    root.dataset.theme = button.value;
    keep('theme_pending', button.value, PENDING_S);
    apply();
    press();
    // With keepalive the request outlives the page: the next click must not take the choice back.
    const options = { method: 'POST', body: new FormData(form, button), keepalive: true };
    window.crm.request(form.action, options).catch(window.crm.report);
  }
})();
